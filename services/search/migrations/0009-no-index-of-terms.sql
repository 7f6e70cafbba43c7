-- no transaction
-- Listings have been found by their terms in memory since facets are counted there: nobody asks this index, and each listing wrote to it ten times.
drop index concurrently if exists listings_terms;
