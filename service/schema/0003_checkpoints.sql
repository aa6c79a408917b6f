-- What the Logbook was at moments, signed; each bound to the one before it.
CREATE TABLE logbook_checkpoint (
  sequence BIGINT PRIMARY KEY REFERENCES logbook (sequence),
  at BIGINT NOT NULL,
  hash TEXT NOT NULL,
  previous TEXT NOT NULL UNIQUE,
  signature TEXT NOT NULL
);
-- only sqlite
CREATE TRIGGER logbook_checkpoint_no_update BEFORE UPDATE ON logbook_checkpoint
BEGIN SELECT RAISE(ABORT, 'the Logbook is only appended to'); END;
CREATE TRIGGER logbook_checkpoint_no_delete BEFORE DELETE ON logbook_checkpoint
BEGIN SELECT RAISE(ABORT, 'the Logbook is only appended to'); END;
-- only postgres
CREATE TRIGGER logbook_checkpoint_only_append
  BEFORE UPDATE OR DELETE OR TRUNCATE ON logbook_checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION logbook_refuse();
-- both
