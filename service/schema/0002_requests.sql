-- Who may call: hashes of bearer tokens, never the tokens.
CREATE TABLE token (
  hash TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  groups TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL CHECK (expires_at > issued_at)
);

CREATE TABLE access_request (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  owner TEXT NOT NULL CHECK (owner <> ''),
  linux_user TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL CHECK (reason <> ''),
  ticket TEXT NOT NULL,
  key_type TEXT NOT NULL,
  duration BIGINT NOT NULL CHECK (duration BETWEEN 60000 AND 43200000),
  state TEXT NOT NULL CHECK (state IN ('pending', 'provisioning', 'active', 'completing',
                                       'completed', 'expired', 'denied', 'failed')),
  approvals_needed BIGINT NOT NULL CHECK (approvals_needed >= 0),
  break_glass BIGINT NOT NULL CHECK (break_glass IN (0, 1)),
  created_at BIGINT NOT NULL,
  activated_at BIGINT NOT NULL DEFAULT 0,
  ends_at BIGINT NOT NULL DEFAULT 0,
  finished_at BIGINT NOT NULL DEFAULT 0,
  ended_by TEXT NOT NULL DEFAULT '',
  generation BIGINT NOT NULL DEFAULT 0,
  idempotency_key TEXT,
  idempotency_digest TEXT NOT NULL DEFAULT '',
  -- Work: who is at it until when; a fence that has grown tells an old one to stop.
  next_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT twelve_hours_from_activation CHECK (ends_at <= activated_at + 43200000),
  CONSTRAINT time_begins_when_it_is_activated
    CHECK ((activated_at = 0) = (state IN ('pending', 'denied')) OR state = 'completed'),
  UNIQUE (owner, idempotency_key)
);
CREATE INDEX access_request_work ON access_request (next_at)
  WHERE state IN ('provisioning', 'active', 'completing');
CREATE INDEX access_request_owner ON access_request (owner, created_at);

CREATE TABLE request_instance (
  request TEXT NOT NULL REFERENCES access_request (id),
  instance TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'provisioning', 'active', 'removing',
                                       'removed', 'failed')),
  generation BIGINT NOT NULL DEFAULT 0,
  command TEXT NOT NULL DEFAULT '',
  attempts BIGINT NOT NULL DEFAULT 0,
  next_try_at BIGINT NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  host_keys TEXT NOT NULL DEFAULT '',
  sshd_version TEXT NOT NULL DEFAULT '',
  home TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (request, instance)
);

CREATE TABLE approval (
  request TEXT NOT NULL REFERENCES access_request (id),
  approver TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  PRIMARY KEY (request, approver)
);

CREATE TABLE certificate (
  request TEXT NOT NULL REFERENCES access_request (id),
  serial TEXT NOT NULL UNIQUE,
  ca TEXT NOT NULL,
  ends_at BIGINT NOT NULL
);

CREATE TABLE ssm_session (
  id TEXT PRIMARY KEY,
  request TEXT NOT NULL REFERENCES access_request (id),
  instance TEXT NOT NULL,
  document TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  resumes BIGINT NOT NULL DEFAULT 0,
  bytes_sent BIGINT NOT NULL DEFAULT 0,
  bytes_received BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX ssm_session_request ON ssm_session (request);
