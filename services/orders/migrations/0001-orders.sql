-- Gaps are allowed: an order that came to nothing has used its number up. Invoices have a sequence of their own.
create sequence order_numbers start with 1001;

-- An order is its own saga log, and its row the only arbiter: every write of a driver says `where state = … and lease = …`.
create table orders (
  id               text primary key,
  number           text not null unique,
  state            text not null default 'placing'
    check (state in ('placing', 'awaiting_payment', 'placed', 'fulfilled', 'canceled', 'declined', 'expired')),
  -- Rises with every change: the sequence of its events.
  version          integer not null default 1,

  -- Who drives it. Taking it over raises the lease, so that a driver that slept and woke can finish nothing.
  lease            bigint not null default 1,
  lease_until      timestamptz not null,
  -- When somebody has to look after it; null when nothing is open.
  look_at          timestamptz,
  looks            integer not null default 0,
  -- When the last thing that follows from its state was done: stock, coupons and money given back.
  settled_at       timestamptz,
  -- Until then an unpaid order keeps its stock.
  expires_at       timestamptz not null,

  cart_id          text not null,
  cart_version     integer not null,
  -- The idempotency key that waits for what becomes of it.
  key_scope        text,
  key              text,
  customer_id      text,
  market           text not null,
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  tax_included     boolean not null,
  email            text not null,
  shipping_address jsonb,
  billing_address  jsonb,
  shipping_method  jsonb,
  discounts        jsonb not null,
  taxes            jsonb not null,
  items            bigint not null check (items >= 0),
  discount         bigint not null check (discount between 0 and items),
  shipping         bigint not null check (shipping >= 0),
  tax              bigint not null check (tax >= 0),
  total            bigint not null check (total >= 0),
  units            integer not null check (units > 0),
  units_fulfilled  integer not null default 0 check (units_fulfilled between 0 and units),

  -- The payment as events told of it last; details are asked from payments.
  payment_status   text,
  payment_version  integer not null default 0,
  refunded         bigint not null default 0 check (refunded between 0 and total),
  -- Why it was declined, given up or canceled.
  reason           text,

  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  placed_at        timestamptz,

  check (total = items - discount + shipping + case when tax_included then 0 else tax end),
  check ((key is null) = (key_scope is null)),
  check (placed_at is not null or state not in ('placed', 'fulfilled')),
  check (state <> 'fulfilled' or units_fulfilled = units),
  check (settled_at is null or state not in ('placing', 'awaiting_payment'))
);
-- At most one live order a cart. A cart whose order was declined, given up or canceled may be ordered again.
create unique index orders_live_cart on orders (cart_id) where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled');
-- A key waits for one order at a time.
create unique index orders_key on orders (key_scope, key) where key is not null and state = 'placing';
create index orders_due on orders (look_at) where look_at is not null;
create index orders_newest on orders (created_at desc, id desc);
create index orders_by_state on orders (state, created_at desc, id desc);
create index orders_of_customer on orders (customer_id, created_at desc, id desc) where customer_id is not null;
comment on column orders.email is
  'personal: email; to fulfill and document the order; contract; P10Y after the order, as tax law asks for invoices';
comment on column orders.shipping_address is
  'personal: address; to send the goods; contract; P10Y after the order, as tax law asks for invoices';
comment on column orders.billing_address is
  'personal: address; to document the order; legal-obligation; P10Y after the order, as tax law asks for invoices';
comment on column orders.reason is
  'personal: message; why staff or the shop gave the order up; contract; P10Y after the order';
comment on column orders.cart_id is
  'personal: credential; opens the cart the order was made of; contract; P10Y after the order';

create table order_lines (
  order_id          text not null references orders,
  id                text not null,
  position          integer not null,
  variant_id        text not null,
  product_id        text not null,
  handle            text not null,
  title             text not null,
  variant_title     text not null,
  sku               text,
  image_url         text,
  quantity          integer not null check (quantity > 0),
  fulfilled         integer not null default 0 check (fulfilled between 0 and quantity),
  unit_price        bigint not null check (unit_price >= 0),
  subtotal          bigint not null check (subtotal = unit_price * quantity),
  discount          bigint not null check (discount between 0 and subtotal),
  tax               bigint not null check (tax >= 0),
  total             bigint not null check (total >= 0),
  requires_shipping boolean not null,
  -- Whether stock is kept of it, and whether it is sold when there is none.
  tracked           boolean not null,
  backorder         boolean not null,
  primary key (order_id, id)
);

-- What staff search by, written once: the order's own row changes often, and this index is dear to keep.
create table order_search (
  order_id text primary key references orders,
  words    text not null
);
create index order_search_words on order_search using gin (words gin_trgm_ops);
comment on column order_search.words is
  'personal: email; staff find an order by number, e-mail address or name; contract; P10Y after the order';

create table fulfillments (
  id              text primary key,
  order_id        text not null references orders,
  lines           jsonb not null,
  carrier         text,
  tracking_number text,
  by              text not null,
  created_at      timestamptz not null default now()
);
create index fulfillments_of_order on fulfillments (order_id, created_at);

-- What happened, for staff.
create table order_history (
  id       bigint generated always as identity primary key,
  order_id text not null references orders,
  at       timestamptz not null default clock_timestamp(),
  kind     text not null,
  detail   text not null,
  -- A staff member's id, shopper, provider or system.
  by       text not null
);
create index order_history_of_order on order_history (order_id, id);
comment on column order_history.detail is
  'personal: message; what staff wrote about the order; contract; P10Y after the order';

create function history_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'orders: % is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on order_history
  for each statement execute function history_is_append_only();
