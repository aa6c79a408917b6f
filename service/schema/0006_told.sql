-- What an instance was told beyond its user: whom to trust, and whether the user may use sudo.
ALTER TABLE request_instance ADD COLUMN told TEXT NOT NULL DEFAULT '';
