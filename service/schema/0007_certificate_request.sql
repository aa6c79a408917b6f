-- How many a request has is asked for each that it gets.
CREATE INDEX certificate_request ON certificate (request);
