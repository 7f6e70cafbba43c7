-- no transaction
-- The cards of a page whose places are known.
create index concurrently if not exists listings_place on listings (market, n);
