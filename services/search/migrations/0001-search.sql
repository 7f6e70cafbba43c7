-- The listing read model. Nothing here is a truth: all of it can be built anew from catalog, pricing and inventory.

-- Whoever reads those three takes a number first. What was read under a higher number is at least as new as whatever a
-- lower one was sent to find out, so events may come late, twice or in any order: the highest number wins.
create sequence reads;

-- What every market shares of a product. Retired products stay, so that a late event cannot bring them back.
create table products (
  product_id text primary key,
  -- Dense, since it is a place in bit strings.
  n          integer not null unique generated always as identity (start with 0 minvalue 0),
  -- The number under which this was read.
  read       bigint not null,
  -- Of the texts that the words were made of: prices change more often than words.
  text_hash  text,
  title_key  text,
  -- Of title (A) and names (B), by which a match is ranked: short, so that it lies in the row.
  names      tsvector,
  -- All words that can be searched for, those of the description too.
  words      tsvector
);
create index products_names on products using gin (names) with (fastupdate = off);
create index products_words on products using gin (words) with (fastupdate = off);
create index products_title_trigrams on products using gin (title_key gin_trgm_ops) with (fastupdate = off);
create index products_title on products (title_key);

-- Whose listing an availability event concerns.
create table variants (
  variant_id text primary key,
  product_id text not null references products
);
create index variants_of_product on variants (product_id);

-- What a product can be filtered by, each key and value once: color/red. Keys that cannot be typed by a shopper are ours:
-- '*' has what is true or not ('all', 'available'), '/' the categories.
create table terms (
  id     integer primary key generated always as identity,
  key    text not null,
  title  text not null,
  -- As it is compared, and as it is shown.
  folded text not null,
  value  text not null,
  unique (key, folded)
);
insert into terms (key, title, folded, value) values ('*', '', 'all', 'all'), ('*', '', 'available', 'available');

-- A card of a listing: one row a product and market.
create table listings (
  market     text not null,
  product_id text not null references products,
  n          integer not null,
  -- What the card shows, as the contract's `Listed`.
  card       jsonb not null,
  price_from bigint not null check (price_from >= 0),
  title_key  text not null,
  created_at timestamptz not null,
  term_ids   integer[] not null,
  -- With what is asked of many rows at once: cards are wide.
  primary key (market, product_id) include (price_from)
);
create index listings_newest on listings (market, created_at, product_id);
create index listings_price on listings (market, price_from, product_id) include (n);
create index listings_title on listings (market, title_key, product_id);
create index listings_terms on listings using gin (term_ids) with (fastupdate = off);
create index listings_of_product on listings (product_id);

-- Which products of a market have a term, as bits: product n is bit n % 4096 of block n / 4096. A facet's count is then a
-- bit_count of an "and", a few microseconds, where counting rows takes tens of milliseconds at 10,000 products.
create table postings (
  market  text not null,
  term_id integer not null references terms,
  block   integer not null,
  bits    bit(4096) not null default 0::bit(4096),
  primary key (market, term_id, block)
) with (fillfactor = 50);

-- Words of titles and names, to guess what a mistyped one meant.
create table vocabulary (
  word text primary key,
  read bigint not null
);
create index vocabulary_nearest on vocabulary using gist (word gist_trgm_ops);

-- Texts come folded to lower case without accents. A shop's goods may be described in English, in German or in names that
-- no dictionary knows: each word is found by its stem in both languages, which is the word itself where it has none. Titles
-- and names keep their words as they stand too, so that they are found as they are typed, and "The Who" is.
create function names_of(p_title text, p_names text) returns tsvector language sql immutable parallel safe as $$
  select setweight(to_tsvector('pg_catalog.simple', p_title) || to_tsvector('pg_catalog.english', p_title)
                || to_tsvector('pg_catalog.german', p_title), 'A')
      || setweight(to_tsvector('pg_catalog.simple', p_names) || to_tsvector('pg_catalog.english', p_names)
                || to_tsvector('pg_catalog.german', p_names), 'B')
$$;
create function text_of(p_text text) returns tsvector language sql immutable parallel safe as $$
  select strip(to_tsvector('pg_catalog.english', p_text) || to_tsvector('pg_catalog.german', p_text))
$$;
create function query_of(p_text text) returns tsquery language sql immutable parallel safe as $$
  select plainto_tsquery('pg_catalog.simple', p_text) || plainto_tsquery('pg_catalog.english', p_text)
      || plainto_tsquery('pg_catalog.german', p_text)
$$;

-- Products that have all the words, with how well they match: whole numbers, since a cursor must compare equal to the row it
-- came from. Title and names count, the description only finds. To look into every row instead of the index is never right,
-- though it looks cheap to the planner, which does not see that the words lie elsewhere.
create function found(p_words text) returns table (product_id text, n integer, rank integer)
language plpgsql stable rows 500 set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
  query tsquery := query_of(p_words);
begin
  return query
  select p.product_id, p.n, (ts_rank('{0, 0, 0.5, 1}', p.names, query) * 1e6)::integer
  from products p where p.words @@ query;
end $$;

-- Which products of a market match, as bits by block: with all conditions (number 0), and without each of the parts in
-- p_without. A part is met by any of its terms; words (part -1) and prices (part -2) are made here. Planned once: whatever is
-- asked, the indexes are the same, and planning takes longer than finding.
create function matching(
  p_market text, p_part integer[], p_term integer[], p_parts integer, p_without integer[],
  p_words text, p_price_min bigint, p_price_max bigint
) returns table (without integer, block integer, bits bit(4096))
language plpgsql stable rows 10 set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
  query tsquery := query_of(p_words);
begin
  if p_words is not null then p_parts := p_parts + 1; end if;
  if p_price_min is not null then p_parts := p_parts + 1; end if;
  return query
  with parts (part, block, bits) as (
    select c.part, p.block, bit_or(p.bits)
    from unnest(p_part, p_term) as c (part, term_id)
    join postings p on p.market = p_market and p.term_id = c.term_id
    group by 1, 2
    union all
    -- Rows become 64 bits at a time first: to "or" 4,096 for each row would take most of the time.
    select w.part, w.place / 64, bit_or(w.word::bit(64)::bit(4096) >> (w.place % 64 * 64))
    from (
      select -1, p.n / 64, bit_or(1::bigint << (63 - p.n % 64))
      from products p
      where p_words is not null and p.words @@ query
      group by 2
      union all
      select -2, l.n / 64, bit_or(1::bigint << (63 - l.n % 64))
      from listings l
      where p_price_min is not null and l.market = p_market and l.price_from between p_price_min and p_price_max
      group by 2) as w (part, place, word)
    group by 1, 2)
  select e.without, p.block, bit_and(p.bits)
  from parts p cross join (select 0 union all select unnest(p_without)) as e (without)
  where p.part <> e.without
  group by 1, 2
  having count(*) = p_parts - abs(sign(e.without));
end $$;

-- How many products have each term among those that match: of a key in p_keys, without its own part, which is its place
-- there. The most frequent p_values_at_most of a key, and those in p_chosen. With the lowest and highest price of what matches
-- without the price, unless that is_rare: less than one in p_rare_below, which is found sooner by its terms than by price.
create function count_facets(
  p_market text, p_part integer[], p_term integer[], p_parts integer, p_without integer[],
  p_words text, p_price_min bigint, p_price_max bigint,
  p_keys text[], p_chosen integer[], p_values_at_most integer, p_rare_below integer,
  out counts json, out is_rare boolean, out lowest bigint, out highest bigint
) language plpgsql stable set plan_cache_mode to force_generic_plan as $$
declare
  -- The part of prices, where there is one.
  priceless integer := case when p_price_min is null then 0 else -2 end;
  withouts  integer[];
  blocks    integer[];
  bitsets   bit(4096)[];
begin
  select array_agg(m.without), array_agg(m.block), array_agg(m.bits) into withouts, blocks, bitsets
  from matching(p_market, p_part, p_term, p_parts, p_without, p_words, p_price_min, p_price_max) m;

  with counted as (
    select p.term_id, sum(bit_count(p.bits & m.bits)::integer) as count
    from (
      select term_id, block, bits, coalesce(array_position(p_keys, key), 0) as without
      from postings join terms on id = term_id
      where market = p_market and key not in ('*', '/')
      -- Not to be planned with the rest: seen from there it looks like a few rows and becomes as many index scans.
      offset 0) p
    join unnest(withouts, blocks, bitsets) as m (without, block, bits) using (block, without)
    group by p.term_id),
  ranked as (
    select t.id, t.key, t.title, t.value, c.count,
           row_number() over (partition by t.key order by c.count desc, t.value) as place
    from counted c join terms t on t.id = c.term_id
    where c.count > 0)
  select coalesce(json_agg(json_build_object('id', id, 'key', key, 'title', title, 'value', value, 'count', count)
                           order by key, place), '[]')
  into counts
  from ranked where place <= p_values_at_most or id = any (p_chosen);

  select coalesce(sum(bit_count(m.bits)::integer), 0) * p_rare_below < (
    select sum(bit_count(p.bits)::integer) from postings p join terms t on t.id = p.term_id
    where p.market = p_market and t.key = '*' and t.folded = 'all')
  into is_rare
  from unnest(withouts, blocks, bitsets) as m (without, block, bits) where m.without = priceless;

  if not is_rare then
    select l.price_from into lowest from listings l
    where l.market = p_market and get_bit((
      select m.bits from unnest(withouts, blocks, bitsets) as m (without, block, bits)
      where m.without = priceless and m.block = l.n / 4096), l.n % 4096) = 1
    order by l.price_from limit 1;
    select l.price_from into highest from listings l
    where l.market = p_market and get_bit((
      select m.bits from unnest(withouts, blocks, bitsets) as m (without, block, bits)
      where m.without = priceless and m.block = l.n / 4096), l.n % 4096) = 1
    order by l.price_from desc limit 1;
  end if;
end $$;

-- Writes what was read of products under the number p_read, unless a higher one was written already. A product without
-- listings is not sold. p_products: [{"productId", "hash", "titleKey", "title", "names", "text", "vocabulary", "variantIds",
-- "listings": [{"market", "card", "priceFrom", "createdAt", "terms": [{"key", "title", "folded", "value"}]}]}].
-- Words last read before p_since are marked as read now: a rebuild deletes the others.
create function put_products(p_read bigint, p_since bigint, p_products jsonb) returns void language plpgsql as $$
declare
  fresh     text[];
  c_market  text[];
  c_term    integer[];
  c_n       integer[];
  c_present boolean[];
begin
  -- One writer at a time: two that set bits in the same rows would lock crosswise, and numbers must not be wasted.
  perform pg_advisory_xact_lock('listings'::regclass::oid::bigint);

  insert into products (product_id, read)
  select distinct g."productId", 0 from jsonb_to_recordset(p_products) as g ("productId" text)
  where not exists (select from products p where p.product_id = g."productId")
  order by 1;

  with written as (
    update products p
    set read = p_read, text_hash = g.hash, title_key = g."titleKey",
        names = case when p.text_hash = g.hash then p.names else names_of(g.title, g.names) end,
        words = case when p.text_hash = g.hash then p.words else strip(names_of(g.title, g.names)) || text_of(g.text) end
    from jsonb_to_recordset(p_products)
      as g ("productId" text, hash text, "titleKey" text, title text, names text, text text)
    where p.product_id = g."productId" and p.read < p_read
    returning p.product_id)
  select array_agg(product_id) into fresh from written;
  if fresh is null then return; end if;

  delete from variants v
  where product_id = any (fresh)
    and not exists (select from jsonb_to_recordset(p_products) as g ("variantIds" jsonb) where g."variantIds" ? v.variant_id);
  insert into variants as v (variant_id, product_id)
  select distinct on (variant_id) variant_id, g."productId"
  from jsonb_to_recordset(p_products) as g ("productId" text, "variantIds" jsonb)
  cross join jsonb_array_elements_text(g."variantIds") as variant_id
  where g."productId" = any (fresh)
  on conflict (variant_id) do update set product_id = excluded.product_id where v.product_id <> excluded.product_id;

  insert into terms (key, title, folded, value)
  select distinct on (t.key, t.folded) t.key, t.title, t.folded, t.value
  from jsonb_to_recordset(p_products) as g ("productId" text, listings jsonb)
  cross join jsonb_to_recordset(g.listings) as l (terms jsonb)
  cross join jsonb_to_recordset(l.terms) as t (key text, title text, folded text, value text)
  where g."productId" = any (fresh)
    and not exists (select from terms known where known.key = t.key and known.folded = t.folded);

  with given as (
    select l.market, p.product_id, p.n, l.card, l."priceFrom" as price_from, p.title_key, l."createdAt" as created_at,
           (select array_agg(known.id order by known.id)
            from jsonb_to_recordset(l.terms) as t (key text, folded text)
            join terms known on known.key = t.key and known.folded = t.folded) as term_ids
    from jsonb_to_recordset(p_products) as g ("productId" text, listings jsonb)
    join products p on p.product_id = g."productId"
    cross join jsonb_to_recordset(g.listings)
      as l (market text, card jsonb, "priceFrom" bigint, "createdAt" timestamptz, terms jsonb)
    where p.product_id = any (fresh)),
  before as (
    select market, n, term_id from listings, unnest(term_ids) as term_id where product_id = any (fresh)),
  after as (
    select market, n, term_id from given, unnest(term_ids) as term_id),
  put as (
    insert into listings as l (market, product_id, n, card, price_from, title_key, created_at, term_ids)
    select market, product_id, n, card, price_from, title_key, created_at, term_ids from given
    on conflict (market, product_id) do update
    set card = excluded.card, price_from = excluded.price_from, title_key = excluded.title_key,
        created_at = excluded.created_at, term_ids = excluded.term_ids
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
  update postings p set bits = (p.bits | c.present) & ~c.absent
  from (
    select market, term_id, n / 4096 as block,
           coalesce(bit_or(set_bit(0::bit(4096), n % 4096, 1)) filter (where present), 0::bit(4096)) as present,
           coalesce(bit_or(set_bit(0::bit(4096), n % 4096, 1)) filter (where not present), 0::bit(4096)) as absent
    from unnest(c_market, c_term, c_n, c_present) as c (market, term_id, n, present)
    group by market, term_id, n / 4096) c
  where p.market = c.market and p.term_id = c.term_id and p.block = c.block;

  insert into vocabulary as v (word, read)
  select distinct word, p_read
  from jsonb_to_recordset(p_products) as g ("productId" text, vocabulary jsonb)
  cross join jsonb_array_elements_text(g.vocabulary) as word
  where g."productId" = any (fresh)
  on conflict (word) do update set read = excluded.read where v.read < p_since;
end $$;
