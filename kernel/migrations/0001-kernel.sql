-- What the kernel needs in every service's schema: events out, events in, answers by key, rate limits.

create table outbox (
  id          uuid primary key default uuidv7(),
  type        text not null,
  version     integer not null,
  subject     text not null,
  sequence    bigint not null,
  data        jsonb not null,
  trace_id    text not null,
  occurred_at timestamptz not null default now()
);

-- One mark for each (event, subscriber). Delivered rows are kept a while, so that exactly-once can be verified.
create table outbox_deliveries (
  event_id        uuid not null references outbox on delete cascade,
  subscriber      text not null,
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  delivered_at    timestamptz,
  last_error      text,
  primary key (event_id, subscriber)
);
create index outbox_deliveries_pending on outbox_deliveries (next_attempt_at) where delivered_at is null;

-- Deliveries that were given up after too many attempts. They can be replayed.
create table dead_letters (
  event_id   uuid not null references outbox on delete cascade,
  subscriber text not null,
  attempts   integer not null,
  last_error text not null,
  died_at    timestamptz not null default now(),
  primary key (event_id, subscriber)
);

-- An event that took effect here. The row commits with the effect.
create table inbox (
  event_id    uuid primary key,
  type        text not null,
  source      text not null,
  handled_at  timestamptz not null default now()
);

create table idempotency_keys (
  scope       text not null,
  key         text not null,
  fingerprint text not null,
  outcome     jsonb,
  lease_until timestamptz not null,
  created_at  timestamptz not null default now(),
  primary key (scope, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);
comment on column idempotency_keys.outcome is 'personal: message; to answer a repeated request as before, which may tell a name or address; contract; PT24H';

-- Unlogged: losing the counts in a crash gives everyone a fresh window, and nothing else.
create unlogged table rate_limits (
  bucket       text not null,
  window_start timestamptz not null,
  count        integer not null,
  primary key (bucket, window_start)
);
