-- no transaction
-- Staff look for what runs out: a few rows of a large stock.
create index concurrently if not exists stock_running_out on stock (state, variant_id) where state <> 'in-stock';
