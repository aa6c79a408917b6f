-- What people are to be told of, until the program that tells them has said that it did.
CREATE TABLE notice (
  request TEXT NOT NULL REFERENCES access_request (id),
  event TEXT NOT NULL CHECK (event IN ('break_glass', 'pending')),
  attempts BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL,
  over_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (request, event)
);
CREATE INDEX notice_due ON notice (next_at) WHERE over_at = 0;
