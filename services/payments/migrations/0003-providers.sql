-- no transaction
-- For providers beside the sandbox. Statement by statement, for the index; each may be repeated.

-- Until when money that somebody transfers is waited for, and what they have to do.
alter table payments add column if not exists payable_until timestamptz, add column if not exists instructions text;

-- Whose payment a callback is about that names no order: what was done in the provider's own dashboard.
drop index concurrently if exists payments_by_provider_payment;
create index concurrently payments_by_provider_payment on payments (provider_payment_id) where provider_payment_id is not null;

-- What a provider keeps for itself is booked once a capture. What is there satisfied the narrower rules.
alter table ledger_accounts
  drop constraint if exists ledger_accounts_name_check,
  add constraint ledger_accounts_name_check
    check (name ~ '^(provider:[a-z][a-z0-9-]*|customers|refunds|gift-cards|gift-cards-issued|fees)$') not valid;
alter table ledger_transactions
  drop constraint if exists ledger_transactions_kind_check,
  add constraint ledger_transactions_kind_check check (kind in (
    'capture', 'refund', 'refund-failed', 'fee',
    'gift-card-issue', 'gift-card-use', 'gift-card-return', 'gift-card-refund', 'gift-card-adjust')) not valid;

-- The provider `manual`: what staff saw arrive at the bank and sent back by themselves.
create table if not exists manual_payments (
  id            text primary key,
  order_id      text not null,
  attempt_key   text not null unique,
  status        text not null check (status in ('awaited', 'received', 'given_up')),
  -- Null where the attempt was given up before it was heard of.
  currency      text check (currency ~ '^[A-Z]{3}$'),
  amount        bigint check (amount > 0),
  refunded      bigint not null default 0 check (refunded between 0 and amount),
  payable_until timestamptz,
  instructions  text,
  created_at    timestamptz not null default now(),
  received_at   timestamptz,
  check ((amount is null) = (currency is null)),
  check (amount is not null or status = 'given_up'),
  check ((received_at is null) = (status <> 'received')),
  check (refunded = 0 or status = 'received')
);
create index if not exists manual_payments_of_order on manual_payments (order_id);
create index if not exists manual_payments_newest on manual_payments (created_at, id);

create table if not exists manual_refunds (
  id         text primary key,
  key        text not null unique,
  payment_id text not null references manual_payments,
  amount     bigint not null check (amount > 0),
  created_at timestamptz not null default now()
);
create index if not exists manual_refunds_of_payment on manual_refunds (payment_id, created_at)
