-- What products are filtered by is told once for all products that are written together, and found once. Each product told of its own, and
-- each looked through all terms that there are: a third of the time, and more with every value that some product has.

-- Each variant looked for its product, which was written a moment before: products and variants are written below alone, and no product is
-- ever deleted.
alter table variants drop constraint if exists variants_product_id_fkey;

-- Writes what was read of products under the number p_read, unless a higher one was written already. A product without
-- listings is not sold; one that is what was read before is only marked as read. p_terms: [{"key", "title", "folded", "value"}], each
-- once. p_products: [{"productId", "entryHash", "hash", "titleKey", "title", "names", "text", "vocabulary", "variantIds",
-- "listings": [{"market", "card", "priceFrom", "createdAt", "terms"}]}], where terms are places in p_terms, from 1.
-- Words last read before p_since are marked as read now: a rebuild, which writes everything, deletes the others.
create function put_products(p_read bigint, p_since bigint, p_products jsonb, p_terms jsonb) returns void
language plpgsql as $$
declare
  fresh     text[];
  ids       integer[];
  c_market  text[];
  c_term    integer[];
  c_n       integer[];
  c_present boolean[];
begin
  -- One writer at a time: two that set bits in the same rows would lock crosswise, and numbers must not be wasted.
  perform pg_advisory_xact_lock('listings'::regclass::oid::bigint);

  with given as materialized (
    select g.*, p.read as known_read, p.entry_hash as known_entry, p.text_hash as known_text
    from jsonb_to_recordset(p_products)
      as g ("productId" text, "entryHash" text, hash text, "titleKey" text, title text, names text, text text)
    left join products p on p.product_id = g."productId"
    where p.read is null or p.read < p_read),
  named as materialized (
    select given.*, case when known_text = hash then null else names_of(title, names) end as new_names from given),
  added as (
    insert into products (product_id, read, entry_hash, text_hash, title_key, names, words)
    select "productId", p_read, "entryHash", hash, "titleKey", new_names, strip(new_names) || text_of(text)
    from named where known_read is null order by "productId"),
  written as (
    -- What is the same is taken from the row itself, or its indexes would be written as well.
    update products p
    set read = p_read, entry_hash = g."entryHash", text_hash = g.hash, title_key = g."titleKey",
        names = case when p.text_hash = g.hash then p.names else g.new_names end,
        words = case when p.text_hash = g.hash then p.words else strip(g.new_names) || text_of(g.text) end
    from named g
    where p.product_id = g."productId" and g.known_read is not null)
  select array_agg("productId") into fresh from named
  where p_since > 0 or known_entry is distinct from "entryHash";
  if fresh is null then return; end if;

  delete from variants v
  where product_id = any (fresh)
    and not exists (
      select from jsonb_to_recordset(p_products) as g ("variantIds" text[]), unnest(g."variantIds") as given (variant_id)
      where given.variant_id = v.variant_id);
  insert into variants as v (variant_id, product_id)
  select distinct on (variant_id) variant_id, g."productId"
  from jsonb_to_recordset(p_products) as g ("productId" text, "variantIds" text[])
  cross join unnest(g."variantIds") as given (variant_id)
  where g."productId" = any (fresh)
  on conflict (variant_id) do update set product_id = excluded.product_id where v.product_id <> excluded.product_id;

  insert into terms (key, title, folded, value)
  select t.key, t.title, t.folded, t.value
  from jsonb_to_recordset(p_terms) as t (key text, title text, folded text, value text)
  where not exists (select from terms known where known.key = t.key and known.folded = t.folded)
  order by t.key, t.folded
  on conflict do nothing;
  select array_agg(known.id order by t.place) into ids
  from rows from (jsonb_to_recordset(p_terms) as (key text, folded text)) with ordinality as t (key, folded, place)
  left join terms known on known.key = t.key and known.folded = t.folded;

  with given as materialized (
    select l.market, p.product_id, p.n, l.card, l."priceFrom" as price_from, p.title_key, l."createdAt" as created_at,
           array(select ids[place] from unnest(l.terms) as place order by 1) as term_ids
    from jsonb_to_recordset(p_products) as g ("productId" text, listings jsonb)
    join products p on p.product_id = g."productId"
    cross join jsonb_to_recordset(g.listings)
      as l (market text, card jsonb, "priceFrom" bigint, "createdAt" timestamptz, terms integer[])
    where p.product_id = any (fresh)),
  before as (
    select market, n, term_id from listings, unnest(term_ids) as term_id where product_id = any (fresh)),
  after as (
    select market, n, term_id from given, unnest(term_ids) as term_id),
  put as (
    insert into listings as l (market, product_id, n, card, price_from, title_key, created_at, term_ids, changed)
    select market, product_id, n, card, price_from, title_key, created_at, term_ids, nextval('changes') from given
    on conflict (market, product_id) do update
    set card = excluded.card, price_from = excluded.price_from, title_key = excluded.title_key,
        created_at = excluded.created_at, term_ids = excluded.term_ids, changed = excluded.changed
    where l.card <> excluded.card or l.created_at <> excluded.created_at or l.term_ids <> excluded.term_ids),
  removed as (
    delete from listings l
    where product_id = any (fresh)
      and not exists (select from given g where g.market = l.market and g.product_id = l.product_id)),
  changed as (
    (table after except table before) union all (table before except table after))
  select array_agg(c.market), array_agg(c.term_id), array_agg(c.n), array_agg(a.n is not null)
  into c_market, c_term, c_n, c_present
  from changed c left join after a using (market, n, term_id);

  insert into postings (market, term_id, block)
  select distinct market, term_id, n / 4096
  from unnest(c_market, c_term, c_n, c_present) as c (market, term_id, n, present)
  where present
  on conflict do nothing;
  update postings p set bits = (p.bits | c.present) & ~c.absent, changed = nextval('changes')
  from (
    select market, term_id, n / 4096 as block,
           coalesce(bit_or(set_bit(0::bit(4096), n % 4096, 1)) filter (where present), 0::bit(4096)) as present,
           coalesce(bit_or(set_bit(0::bit(4096), n % 4096, 1)) filter (where not present), 0::bit(4096)) as absent
    from unnest(c_market, c_term, c_n, c_present) as c (market, term_id, n, present)
    group by market, term_id, n / 4096) c
  where p.market = c.market and p.term_id = c.term_id and p.block = c.block;

  insert into vocabulary as v (word, read)
  select distinct word, p_read
  from jsonb_to_recordset(p_products) as g ("productId" text, vocabulary text[])
  cross join unnest(g.vocabulary) as word
  where g."productId" = any (fresh)
  on conflict (word) do update set read = excluded.read where v.read < p_since;
end $$;
