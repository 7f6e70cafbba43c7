-- Where in its trace a mail was written, as W3C traceparent: what sends it continues that trace. Null where nobody traces.
alter table mails add column traceparent text;
