-- What is known of an order's money, whatever the number of attempts. One row an order, so that a new attempt and a
-- cancellation meet in the same row: one of them is first.
create table order_payments (
  order_id      text primary key,
  attempts      integer not null check (attempts >= 0),
  -- Whether an attempt may follow one that failed. Without it a repeated request would charge again.
  open          boolean not null default false,
  -- The tombstone. `unpaid`: no attempt may begin or go on, money that is there stays. `all`: it goes back too.
  canceled      text check (canceled in ('unpaid', 'all')),
  cancel_reason text,
  canceled_at   timestamptz,
  -- When to ask the provider next; null when nothing is open.
  look_at       timestamptz,
  looks         integer not null default 0,
  check ((canceled is null) = (canceled_at is null))
);
create index order_payments_due on order_payments (look_at) where look_at is not null;
comment on column order_payments.cancel_reason is
  'personal: message; why staff or the shop gave the order up; contract; P10Y after the order, as tax law asks for its documents';

-- Attempts. The row is committed before the provider is called, with all that repeats the call: a crash after it finds out.
create table payments (
  id                  text primary key,
  order_id            text not null references order_payments,
  attempt             integer not null check (attempt > 0),
  attempt_key         text not null unique,
  provider            text not null,
  provider_payment_id text,
  status              text not null
    check (status in ('processing', 'requires_action', 'authorized', 'captured', 'failed', 'voided')),
  currency            text not null check (currency ~ '^[A-Z]{3}$'),
  amount              bigint not null check (amount > 0),
  authorized          bigint not null default 0 check (authorized between 0 and amount),
  captured            bigint not null default 0 check (captured >= 0),
  -- What may still be captured: nothing after the only capture of a provider that allows one.
  capturable          bigint not null default 0 check (capturable >= 0),
  refunded            bigint not null default 0 check (refunded between 0 and captured),
  capture_now         boolean not null,
  -- Kept until the attempt is settled, since only the same request may be repeated under its key.
  token               text,
  return_url          text not null,
  redirect_url        text,
  client_secret       text,
  -- Why it can no longer succeed: a word for programs.
  failure             text,
  card                jsonb,
  authorized_until    timestamptz,
  -- The provider's last answer, for staff. Adapters leave card data out.
  raw                 jsonb,
  version             integer not null default 1,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now(),
  unique (order_id, attempt),
  check (captured + capturable <= authorized),
  check (status in ('processing', 'requires_action') or token is null),
  check (status not in ('processing', 'requires_action', 'failed') or (authorized = 0 and captured = 0)),
  check (status <> 'authorized' or (authorized > 0 and captured = 0)),
  check ((status = 'captured') = (captured > 0)),
  check (status in ('authorized', 'captured') or capturable = 0),
  check ((status in ('failed', 'voided')) = (failure is not null))
);
-- At most one attempt of an order that holds money or may come to hold it.
create unique index payments_live on payments (order_id) where status not in ('failed', 'voided');
comment on column payments.token is
  'personal: credential; the provider’s stand-in for a card, to ask for the order’s money; contract; until the attempt is settled, a day at most';
comment on column payments.client_secret is
  'personal: credential; lets the shopper’s browser finish the payment with the provider; contract; until the attempt is settled';
comment on column payments.redirect_url is
  'personal: credential; the provider’s page for this shopper; contract; until the attempt is settled';
comment on column payments.return_url is
  'personal: credential; where the shopper comes back to, with the key to the order; contract; P10Y after the order';
comment on column payments.card is
  'personal: credential; brand and last digits, so that shopper and staff recognize the card; contract; P10Y after the order';
comment on column payments.raw is
  'personal: credential; the provider’s answer, for staff who have to talk to it; contract; P10Y after the order';

-- Captures, refunds and voids. Committed before the provider is called; its id is the key under which it is called.
create table payment_operations (
  id                 text primary key,
  payment_id         text not null references payments,
  order_id           text not null,
  kind               text not null check (kind in ('capture', 'refund', 'void')),
  status             text not null check (status in ('pending', 'succeeded', 'failed')),
  amount             bigint not null check (amount > 0),
  currency           text not null,
  -- The caller's key: the same key is the same operation, for ever. Null for what the provider did by itself.
  key                text,
  -- What it asked for, so that a key is not answered with another request's operation.
  asked              text,
  reason             text,
  -- A staff member's id, shopper, provider or system.
  by                 text not null,
  provider_refund_id text,
  error              text,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  check ((status = 'failed') = (error is not null))
);
-- One money operation in flight a payment.
create unique index payment_operations_in_flight on payment_operations (payment_id) where status = 'pending';
create unique index payment_operations_key on payment_operations (order_id, kind, key) where key is not null;
create unique index payment_operations_refund on payment_operations (payment_id, provider_refund_id)
  where provider_refund_id is not null;
create index payment_operations_order on payment_operations (order_id, created_at);
comment on column payment_operations.reason is
  'personal: message; why staff gave money back; contract; P10Y after the order, as tax law asks for its documents';

-- Callbacks that were believed to come from the provider. What they say is asked again, so nothing else is kept of them.
create table webhook_inbox (
  provider    text not null,
  event_id    text not null,
  order_id    text,
  received_at timestamptz not null default now(),
  primary key (provider, event_id)
);
create index webhook_inbox_received on webhook_inbox (received_at);

-- The ledger: double entry. A positive amount is a debit.
create table ledger_accounts (
  name     text not null check (name ~ '^(provider:[a-z][a-z0-9-]*|customers|refunds)$'),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  primary key (name, currency)
);

create table ledger_transactions (
  id           uuid primary key default uuidv7(),
  kind         text not null check (kind in ('capture', 'refund', 'refund-failed')),
  operation_id text not null references payment_operations,
  occurred_at  timestamptz not null default now(),
  -- An operation is booked once, however often its outcome is heard.
  unique (operation_id, kind)
);

create table ledger_entries (
  id             bigint generated always as identity primary key,
  transaction_id uuid not null references ledger_transactions,
  account        text not null,
  currency       text not null,
  amount         bigint not null check (amount <> 0),
  foreign key (account, currency) references ledger_accounts
);
create index ledger_entries_transaction on ledger_entries (transaction_id);

create function ledger_balances() returns trigger language plpgsql set search_path from current as $$
declare
  off record;
begin
  select currency, sum(amount) as amount into off from ledger_entries
  where transaction_id = new.transaction_id group by currency having sum(amount) <> 0 limit 1;
  if found then
    raise exception 'ledger: transaction % is off by % %', new.transaction_id, off.amount, off.currency
      using errcode = 'check_violation';
  end if;
  return null;
end $$;

-- Judged at commit, when all entries of the transaction are there.
create constraint trigger ledger_balances after insert on ledger_entries
  deferrable initially deferred for each row execute function ledger_balances();

create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'ledger: % is append-only; book the opposite instead', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger append_only before update or delete or truncate on ledger_entries
  for each statement execute function ledger_is_append_only();
create trigger append_only before update or delete or truncate on ledger_transactions
  for each statement execute function ledger_is_append_only();
