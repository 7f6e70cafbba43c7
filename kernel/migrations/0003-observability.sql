-- Where in its trace an event was published, as W3C traceparent: what handles it continues that trace. Null where nobody traces.
alter table outbox add column traceparent text;

-- What this schema has been brought to: a copy of the service compares it with what its own code needs. As a view of the owner's it
-- shows the service its own rows and no others.
do $$ begin
  execute format('create view applied_migrations as select name, checksum, narrows from stoa.migrations where service = %L', current_schema());
end $$;

-- What was counted of the service's data last, and when: one copy counts, all copies show it. Unlogged: it is counted anew anyway.
create unlogged table figures (
  only_one   boolean primary key default true check (only_one),
  counted_at timestamptz not null,
  counts     jsonb not null
);
