-- Counted stock of variants that nobody knows yet: an import puts some thousand a second there. What is not there yet needs no lock,
-- is not read, and is written once. Nobody is told of it: whoever puts its product into the catalog tells of both. Variants that are
-- there already are counted as all others are.
create function open_levels(p_variants text[], p_locations text[], p_on_hand bigint[], p_reason text, p_announce jsonb)
returns boolean language plpgsql as $$
declare
  default_id text := (select id from locations where is_default);
  opened     text[];
  known      record;
begin
  with counted as (
    select distinct on (variant_id, location) variant_id, on_hand
    from unnest(p_variants, p_locations, p_on_hand) with ordinality as g (variant_id, location_id, on_hand, n),
         coalesce(location_id, default_id) as location
    order by variant_id, location, n desc),
  fresh as (
    insert into stock (variant_id, state)
    select variant_id, case when sum(on_hand) > (p_announce ->> 'lowStock')::bigint then 'in-stock'
                            when sum(on_hand) > 0 then 'low' else 'out-of-stock' end
    from counted group by variant_id order by variant_id
    on conflict do nothing
    returning variant_id)
  select array_agg(variant_id) into opened from fresh;

  with counted as (
    select distinct on (variant_id, location) variant_id, location, on_hand
    from unnest(p_variants, p_locations, p_on_hand) with ordinality as g (variant_id, location_id, on_hand, n),
         coalesce(location_id, default_id) as location
    order by variant_id, location, n desc),
  put as (
    insert into levels (variant_id, location_id, on_hand)
    select variant_id, location, on_hand from counted join unnest(opened) as o (variant_id) using (variant_id))
  insert into movements (variant_id, location_id, kind, quantity, reason)
  select variant_id, location, 'counted', on_hand, p_reason
  from counted join unnest(opened) as o (variant_id) using (variant_id)
  where on_hand <> 0;

  select array_agg(variant_id) as variants, array_agg(location_id) as locations, array_agg(on_hand) as on_hand into known
  from (select * from unnest(p_variants, p_locations, p_on_hand) with ordinality as g (variant_id, location_id, on_hand, n)
        order by n) as given
  where not exists (select from unnest(opened) as o (variant_id) where o.variant_id = given.variant_id);
  if known.variants is null then return false; end if;
  return set_levels(known.variants, known.locations, known.on_hand, p_reason, p_announce);
end $$;
