-- no transaction
-- The words by which staff search an order: its number, its e-mail address, and the first six words of names. Each place has an index
-- of its own, in which the orders that have a word there lie by the time that their ids begin with: the newest are found without the
-- others, however many there are. `words` is written once, by every version, so that nothing has to be filled in.
create index concurrently if not exists order_search_word_1 on order_search (split_part(words, ' ', 1), order_id);
create index concurrently if not exists order_search_word_2 on order_search (split_part(words, ' ', 2), order_id);
create index concurrently if not exists order_search_word_3 on order_search (split_part(words, ' ', 3), order_id) where split_part(words, ' ', 3) <> '';
create index concurrently if not exists order_search_word_4 on order_search (split_part(words, ' ', 4), order_id) where split_part(words, ' ', 4) <> '';
create index concurrently if not exists order_search_word_5 on order_search (split_part(words, ' ', 5), order_id) where split_part(words, ' ', 5) <> '';
create index concurrently if not exists order_search_word_6 on order_search (split_part(words, ' ', 6), order_id) where split_part(words, ' ', 6) <> '';
create index concurrently if not exists order_search_word_7 on order_search (split_part(words, ' ', 7), order_id) where split_part(words, ' ', 7) <> '';
create index concurrently if not exists order_search_word_8 on order_search (split_part(words, ' ', 8), order_id) where split_part(words, ' ', 8) <> '';
