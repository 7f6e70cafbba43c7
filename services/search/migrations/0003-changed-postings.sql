-- no transaction
-- What has changed in the blocks of bits.
create index concurrently if not exists postings_changed on postings (changed);
