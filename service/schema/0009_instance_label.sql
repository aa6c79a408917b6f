-- What people call their instances: what AWS said of them, the last time that it was asked.
CREATE TABLE instance_label (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  instance TEXT NOT NULL,
  labels TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  PRIMARY KEY (account, region, instance)
);
CREATE INDEX instance_label_asked ON instance_label (asked_at);
-- What somebody has access to is asked for all day.
CREATE INDEX access_request_open ON access_request (owner)
  WHERE state IN ('pending', 'provisioning', 'active', 'completing');
