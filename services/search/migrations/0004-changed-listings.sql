-- no transaction
-- What has changed in the prices.
create index concurrently if not exists listings_changed on listings (changed);
