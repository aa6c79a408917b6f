-- The Logbook: what was done and what was refused, each entry bound to the one before it.
CREATE TABLE logbook (
  sequence BIGINT PRIMARY KEY CHECK (sequence > 0),
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  outcome TEXT NOT NULL,
  details TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE
);
-- Its one row is held by whoever appends.
CREATE TABLE logbook_head (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  sequence BIGINT NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO logbook_head (id, sequence, hash)
  VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- only sqlite
CREATE TRIGGER logbook_no_update BEFORE UPDATE ON logbook
BEGIN SELECT RAISE(ABORT, 'the Logbook is only appended to'); END;
CREATE TRIGGER logbook_no_delete BEFORE DELETE ON logbook
BEGIN SELECT RAISE(ABORT, 'the Logbook is only appended to'); END;
-- only postgres
CREATE FUNCTION logbook_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the Logbook is only appended to'; END $$;
CREATE TRIGGER logbook_only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON logbook
  FOR EACH STATEMENT EXECUTE FUNCTION logbook_refuse();
-- both
