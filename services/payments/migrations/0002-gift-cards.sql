-- Gift cards: money that people have with the shop. They are tender as the provider's money is, and no discount.
create table gift_cards (
  id          text primary key,
  -- A keyed digest: whoever reads this table or a backup of it can pay with no card.
  code_hash   text not null unique,
  -- To recognize it by.
  last4       text not null check (last4 ~ '^[0-9A-Z]{4}$'),
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  amount      bigint not null check (amount > 0),
  balance     bigint not null check (balance >= 0),
  expires_at  timestamptz,
  disabled_at timestamptz,
  note        text,
  created_at  timestamptz not null default now()
) with (fillfactor = 80);
create index gift_cards_by_last4 on gift_cards (last4, id);
comment on column gift_cards.note is
  'personal: message; what staff noted about the card, such as whom it is for; contract; P10Y after the issue, as tax law asks for books';

-- What a gift card pays of an order, in the transaction that begins its payment. An attempt that failed undoes its uses.
create table gift_card_uses (
  order_id     text not null references order_payments,
  attempt      integer not null check (attempt > 0),
  gift_card_id text not null references gift_cards,
  -- The order of use: refunds go backwards.
  position     smallint not null,
  currency     text not null,
  amount       bigint not null check (amount > 0),
  refunded     bigint not null default 0 check (refunded between 0 and amount),
  undone       boolean not null default false,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (order_id, attempt, gift_card_id),
  unique (order_id, attempt, position),
  check (not undone or refunded = 0)
);
-- One standing use of a card an order, whatever the number of attempts.
create unique index gift_card_uses_standing on gift_card_uses (order_id, gift_card_id) where not undone;
create index gift_card_uses_of_card on gift_card_uses (gift_card_id);

-- Refunds that go to gift cards, alone or beside what the provider gives back. `amount` stays the provider's part.
alter table payment_operations
  add column gift_cards bigint not null default 0 check (gift_cards >= 0),
  alter column payment_id drop not null,
  drop constraint payment_operations_amount_check,
  -- What is there satisfied the narrower rule: it need not be looked at while the table is locked.
  add constraint payment_operations_amount_check check (amount >= 0 and amount + gift_cards > 0) not valid,
  add constraint payment_operations_gift_cards_refunded check (gift_cards = 0 or kind = 'refund') not valid,
  -- An order that gift cards paid alone has no attempt.
  add constraint payment_operations_without_payment check (payment_id is not null or amount = 0) not valid;

-- What happened to a card's balance. A positive amount adds to it.
create table gift_card_movements (
  id           uuid primary key default uuidv7(),
  gift_card_id text not null references gift_cards,
  -- `return` undoes the use of an order that came to nothing; `refund` gives back what an order was paid with; `adjust` is
  -- staff's, either way.
  kind         text not null check (kind in ('issue', 'use', 'return', 'refund', 'adjust')),
  amount       bigint not null check (amount <> 0),
  order_id     text,
  attempt      integer,
  operation_id text references payment_operations,
  reason       text,
  -- A staff member's id, shopper, provider or system.
  by           text not null,
  created_at   timestamptz not null default now(),
  check (kind = 'adjust' or (kind = 'use') = (amount < 0)),
  check ((kind in ('issue', 'adjust')) = (order_id is null)),
  check ((kind = 'adjust') = (reason is not null)),
  check ((kind in ('use', 'return')) = (attempt is not null)),
  check ((kind = 'refund') = (operation_id is not null))
);
comment on column gift_card_movements.reason is
  'personal: message; why staff changed what is left on a card; contract; P10Y after the issue, as tax law asks for books';
create index gift_card_movements_of_card on gift_card_movements (gift_card_id, id);
-- Each happens once, however often it is tried.
create unique index gift_card_movements_issue on gift_card_movements (gift_card_id) where kind = 'issue';
create unique index gift_card_movements_use on gift_card_movements (order_id, attempt, gift_card_id, kind)
  where kind in ('use', 'return');
create unique index gift_card_movements_refund on gift_card_movements (operation_id, gift_card_id) where kind = 'refund';

-- Who turned a card off and on.
create table gift_card_changes (
  id           bigint generated always as identity primary key,
  gift_card_id text not null references gift_cards,
  kind         text not null check (kind in ('disabled', 'enabled')),
  by           text not null,
  created_at   timestamptz not null default now()
);
create index gift_card_changes_of_card on gift_card_changes (gift_card_id, id);

create trigger append_only before update or delete or truncate on gift_card_movements
  for each statement execute function ledger_is_append_only();
create trigger append_only before update or delete or truncate on gift_card_changes
  for each statement execute function ledger_is_append_only();

-- A ledger transaction books an operation or the movement of a gift card, once.
alter table ledger_accounts
  drop constraint ledger_accounts_name_check,
  add constraint ledger_accounts_name_check
    check (name ~ '^(provider:[a-z][a-z0-9-]*|customers|refunds|gift-cards|gift-cards-issued)$') not valid;
alter table ledger_transactions
  alter column operation_id drop not null,
  add column movement_id uuid unique references gift_card_movements,
  drop constraint ledger_transactions_kind_check,
  add constraint ledger_transactions_kind_check check (kind in (
    'capture', 'refund', 'refund-failed', 'gift-card-issue', 'gift-card-use', 'gift-card-return', 'gift-card-refund',
    'gift-card-adjust')) not valid,
  add constraint ledger_transactions_of_one check (num_nonnulls(operation_id, movement_id) = 1) not valid;
