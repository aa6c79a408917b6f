-- Instances that had short-lived users, to be looked after for some time: what was left, or came back.
CREATE TABLE instance_sweep (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  instance TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  until BIGINT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account, region, instance)
);
CREATE INDEX instance_sweep_due ON instance_sweep (next_at);
