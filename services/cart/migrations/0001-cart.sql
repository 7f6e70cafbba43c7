-- One row a cart; what is in it is a document, since it is always read and written whole.
create table carts (
  -- The capability as the shopper has it, 128 random bits. It is no digest: whoever reads this table has what the capability
  -- protects already, and orders keep the same id.
  id               text primary key,
  -- By what events call the cart: they are told to strangers, who must not learn the capability.
  row_id           uuid not null unique default uuidv7(),
  market           text not null,
  -- [{id, variantId, quantity, productId, handle, title}]; the last three are for showing what is no longer sold.
  lines            jsonb not null check (jsonb_typeof(lines) = 'array' and jsonb_array_length(lines) <= 100),
  -- Ids of lines that were taken out, the latest ones: taking one out again is no mistake.
  removed_lines    text[] not null default '{}' check (cardinality(removed_lines) <= 50),
  email            text,
  shipping_address jsonb,
  billing_address  jsonb,
  shipping_method  text,
  coupon_codes     text[] not null default '{}' check (cardinality(coupon_codes) <= 5),
  customer_id      text,
  order_id         text,
  version          integer not null default 1 check (version > 0),
  abandoned_at     timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  -- The order has them, and keeps them as long as the law asks.
  check (order_id is null or (email is null and shipping_address is null and billing_address is null))
) with (fillfactor = 80);

comment on column carts.email is
  'personal: email; to fulfill the order that the cart becomes; contract; until the order, or P30D after the last change';
comment on column carts.shipping_address is
  'personal: address; to price shipping and fulfill the order that the cart becomes; contract; until the order, or P30D after the last change';
comment on column carts.billing_address is
  'personal: address; to invoice the order that the cart becomes; contract; until the order, or P30D after the last change';

-- By when they were made, which never changes: an index on the last change would be rewritten with every change.
create index carts_left on carts (created_at) where order_id is null;
create index carts_to_remind on carts (created_at)
  where order_id is null and abandoned_at is null and email is not null;
