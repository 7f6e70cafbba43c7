-- The sandbox provider's own books. Idempotent; run at each start under an advisory lock.

create table if not exists sandbox_provider.settings (
  singleton boolean primary key default true check (singleton),
  clock_ahead interval not null default '0',
  webhook_url text,
  shop_origins text[] not null default '{}'
);
insert into sandbox_provider.settings default values on conflict do nothing;

-- Every time limit is judged by this clock, which tests may set ahead: a week's lapse is then a matter of one call.
-- Stable, so that an index on a time can be used with it.
create or replace function sandbox_provider.clock() returns timestamptz language sql stable as $$
  select date_trunc('milliseconds', statement_timestamp() + clock_ahead) from sandbox_provider.settings
$$;

create table if not exists sandbox_provider.payments (
  id text primary key,
  order_id text not null,
  attempt_key text not null,
  status text not null check (status in (
    'requires_card', 'requires_challenge', 'processing', 'authorized', 'captured', 'declined', 'voided', 'expired')),
  currency text not null,
  amount bigint not null check (amount > 0),
  authorized bigint not null default 0 check (authorized in (0, amount)),
  captured bigint not null default 0 check (captured between 0 and authorized),
  refunded bigint not null default 0 check (refunded between 0 and captured),
  capture_now boolean not null,
  return_url text,
  -- Part of the address of this payment's pages, so that knowing an id opens none of them.
  page_secret text not null,
  -- The card is given on our page, where a declined shopper may try another.
  hosted boolean not null,
  card_tries smallint not null default 0,
  behavior text,
  brand text,
  last4 text check (last4 ~ '^[0-9]{4}$'),
  decline_reason text,
  -- Single use stands or falls with this constraint.
  card_token text constraint payments_card_token_once unique,
  authorized_until timestamptz,
  -- When the payment moves on by itself: a bank answers, an authorization lapses, a shopper stayed away.
  moves_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index if not exists payments_by_order on sandbox_provider.payments (order_id, created_at, id);
create index if not exists payments_by_time on sandbox_provider.payments (created_at, id);
create index if not exists payments_to_move on sandbox_provider.payments (moves_at) where moves_at is not null;

create table if not exists sandbox_provider.refunds (
  id text primary key,
  payment_id text not null references sandbox_provider.payments,
  key text not null,
  amount bigint not null check (amount > 0),
  created_at timestamptz not null
);
create index if not exists refunds_by_payment on sandbox_provider.refunds (payment_id, created_at, id);

-- What a card became. The number itself is nowhere.
create table if not exists sandbox_provider.card_tokens (
  id text primary key,
  behavior text not null,
  brand text not null,
  last4 text not null check (last4 ~ '^[0-9]{4}$'),
  expires_at timestamptz not null
);

-- Idempotency keys with the answer as it left, byte for byte. No status: the request got lost before anything was done.
create table if not exists sandbox_provider.requests (
  key text primary key,
  fingerprint text not null,
  status smallint,
  body text,
  created_at timestamptz not null
);
create index if not exists requests_by_time on sandbox_provider.requests (created_at);

create table if not exists sandbox_provider.events (
  id text primary key,
  payment_id text not null references sandbox_provider.payments,
  type text not null,
  body text not null,
  created_at timestamptz not null
);
create index if not exists events_by_payment on sandbox_provider.events (payment_id, created_at, id);
create index if not exists events_by_time on sandbox_provider.events (created_at);

create table if not exists sandbox_provider.deliveries (
  id bigint generated always as identity primary key,
  event_id text not null references sandbox_provider.events on delete cascade,
  state text not null check (state in ('due', 'delivered', 'dropped', 'given_up')),
  attempts smallint not null default 0,
  due_at timestamptz not null,
  last_answer text
);
create index if not exists deliveries_by_event on sandbox_provider.deliveries (event_id);
create index if not exists deliveries_due on sandbox_provider.deliveries (due_at) where state = 'due';
