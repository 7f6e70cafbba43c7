-- Gift cards that shall pay: [{id, last4}] in the order in which they are used. Never their codes, which open them anywhere.
alter table carts
  add column gift_cards jsonb not null default '[]'
    check (jsonb_typeof(gift_cards) = 'array' and jsonb_array_length(gift_cards) <= 5);
