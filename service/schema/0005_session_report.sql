-- What whoever used a session says of it. What the service knows itself is in ssm_session.
CREATE TABLE session_report (
  session TEXT PRIMARY KEY REFERENCES ssm_session (id),
  reported_at BIGINT NOT NULL,
  bytes_sent BIGINT NOT NULL CHECK (bytes_sent >= 0),
  bytes_received BIGINT NOT NULL CHECK (bytes_received >= 0),
  resumes BIGINT NOT NULL CHECK (resumes >= 0),
  reason TEXT NOT NULL
);
ALTER TABLE ssm_session DROP COLUMN bytes_sent;
ALTER TABLE ssm_session DROP COLUMN bytes_received;
