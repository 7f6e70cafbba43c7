-- What gift cards pay of an order, as its checkout was told: [{id, last4, amount}] in the order of use, amounts in minor
-- units. The provider is asked for the rest. What became of it is known to payments.
alter table orders
  add column gift_cards jsonb not null default '[]' check (jsonb_typeof(gift_cards) = 'array'),
  add column gift_card_amount bigint not null default 0,
  add constraint orders_gift_card_amount_check check (gift_card_amount between 0 and total) not valid;
comment on column orders.gift_cards is
  'personal: credential; which gift cards paid, by their last digits; contract; P10Y after the order, as tax law asks for invoices';
