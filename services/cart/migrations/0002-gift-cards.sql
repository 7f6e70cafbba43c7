-- Gift cards that shall pay: [{id, last4}] in the order in which they are used. Never their codes, which open them anywhere.
alter table carts
  add column gift_cards jsonb not null default '[]'
    check (jsonb_typeof(gift_cards) = 'array' and jsonb_array_length(gift_cards) <= 5);
comment on column carts.gift_cards is
  'personal: credential; which gift cards shall pay, by their last digits; contract; until the order, or P30D after the last change';
