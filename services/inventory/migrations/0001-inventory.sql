-- Stock: where it is kept, how much of it is promised, to which orders, and the ledger of what came and went.

create table locations (
  id         text primary key,
  name       text not null check (length(name) between 1 and 80),
  -- The order in which stock is promised: the default location first, then the others as they were made.
  position   bigint generated always as identity,
  is_default boolean not null default false,
  -- The one location that every shop begins with, until somebody gives it a name.
  is_unnamed boolean not null default false,
  created_at timestamptz not null default now(),
  check (is_default or not is_unnamed)
);
-- "Berlin" and "berlin" are one place.
create unique index locations_name on locations (lower(name));
create unique index locations_one_default on locations (is_default) where is_default;

-- One row a variant. Whoever changes a level of the variant locks this row first, and several of them by key, so that two
-- orders for the same two goods cannot lock crosswise.
create table stock (
  variant_id text primary key,
  -- What was last told to others.
  state      text not null default 'out-of-stock' check (state in ('in-stock', 'low', 'out-of-stock')),
  -- Rises with each time it was told.
  version    bigint not null default 0
) with (fillfactor = 70);

create table levels (
  variant_id    text not null references stock,
  location_id   text not null references locations,
  -- Below zero when more left than had been counted; the next count puts it right.
  on_hand       bigint not null default 0,
  reserved      bigint not null default 0 check (reserved >= 0),
  allocated     bigint not null default 0 check (allocated >= 0),
  -- Why more may be promised than is there: so many units were sold as back-orders,
  backordered   bigint not null default 0 check (backordered >= 0),
  -- and so many were missing when staff counted, or left without having been promised.
  counted_short bigint not null default 0 check (counted_short >= 0),
  primary key (variant_id, location_id),
  constraint levels_promised_within_stock
    check (greatest(0, reserved + allocated - on_hand) = backordered + counted_short)
) with (fillfactor = 50);

-- What an order holds or was promised. A released hold stays: a reserve that arrives after it must be refused.
create table holds (
  order_id   text primary key,
  state      text not null check (state in ('held', 'allocated', 'fulfilled', 'released')),
  created_at timestamptz not null default now()
) with (fillfactor = 70);

create table hold_lines (
  order_id    text not null references holds on delete cascade,
  variant_id  text not null,
  location_id text not null,
  quantity    bigint not null check (quantity > 0),
  fulfilled   bigint not null default 0 check (fulfilled between 0 and quantity),
  primary key (order_id, variant_id, location_id)
) with (fillfactor = 70);

-- The ledger: every change of on_hand. The sum of a level's movements is the level.
create table movements (
  id          uuid primary key default uuidv7(),
  variant_id  text not null,
  location_id text not null,
  kind        text not null check (kind in ('counted', 'shipped')),
  quantity    bigint not null check (quantity <> 0),
  order_id    text,
  reason      text,
  at          timestamptz not null default now(),
  check ((kind = 'shipped') = (order_id is not null))
);
create index movements_of_variant on movements (variant_id, id desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'movements are append-only: write a movement that corrects the other';
end $$;
create trigger movements_append_only before update or delete on movements
  for each statement execute function refuse_change();
create trigger movements_never_emptied before truncate on movements
  for each statement execute function refuse_change();

-- ---- Steps that the functions below share. They expect the variants' rows in `stock` to be locked. ----------------------

create function lock_stock(p_variants text[]) returns void language plpgsql as $$
begin
  perform 1 from stock where variant_id = any (p_variants) order by variant_id for update;
end $$;

create function open_stock(p_variants text[]) returns void language plpgsql as $$
begin
  insert into stock (variant_id)
  select distinct v.variant_id from unnest(p_variants) v (variant_id)
  where not exists (select from stock s where s.variant_id = v.variant_id)
  order by v.variant_id
  on conflict do nothing;
end $$;

-- Tells others of variants whose state is not the one last told, or of all when p_always. p_announce: {"type", "version",
-- "subscribers", "traceId", "lowStock"}. The events leave with the transaction, as those of the kernel's publish do.
create function announce(p_variants text[], p_always boolean, p_announce jsonb) returns boolean language plpgsql as $$
begin
  with now_is as (
    select s.variant_id,
           case when l.available > (p_announce ->> 'lowStock')::bigint then 'in-stock'
                when l.available > 0 then 'low' else 'out-of-stock' end as state
    from stock s
    cross join lateral (select coalesce(sum(on_hand - reserved - allocated), 0) as available
                        from levels where variant_id = s.variant_id) l
    where s.variant_id = any (p_variants)),
  told as (
    update stock s set state = n.state, version = s.version + 1
    from now_is n
    where s.variant_id = n.variant_id and (p_always or s.state <> n.state)
    returning s.variant_id, s.state, s.version),
  events as (
    insert into outbox (type, version, subject, sequence, data, trace_id)
    select p_announce ->> 'type', (p_announce ->> 'version')::integer, variant_id, version,
           jsonb_build_object('variantId', variant_id, 'state', state), p_announce ->> 'traceId'
    from told
    returning id)
  insert into outbox_deliveries (event_id, subscriber)
  select e.id, subscriber from events e cross join jsonb_array_elements_text(p_announce -> 'subscribers') subscriber;
  return found;
end $$;

-- Adds to levels. Where fewer units are missing than before, the count's are made good first: a back-order was agreed.
create function change_levels(
  p_variants text[], p_locations text[], p_on_hand bigint[], p_reserved bigint[], p_allocated bigint[]
) returns void language plpgsql as $$
begin
  update levels l
  set on_hand = n.on_hand, reserved = n.reserved, allocated = n.allocated,
      backordered = least(l.backordered, n.missing), counted_short = n.missing - least(l.backordered, n.missing)
  from (
    select k.variant_id, k.location_id, on_hand + d_on_hand as on_hand, reserved + d_reserved as reserved,
           allocated + d_allocated as allocated,
           greatest(0, reserved + d_reserved + allocated + d_allocated - on_hand - d_on_hand) as missing
    from levels k
    join (select variant_id, location_id, sum(on_hand)::bigint, sum(reserved)::bigint, sum(allocated)::bigint
          from unnest(p_variants, p_locations, p_on_hand, p_reserved, p_allocated)
               as given (variant_id, location_id, on_hand, reserved, allocated)
          group by variant_id, location_id) as d (variant_id, location_id, d_on_hand, d_reserved, d_allocated)
      using (variant_id, location_id)) n
  where l.variant_id = n.variant_id and l.location_id = n.location_id;
end $$;

-- ---- What the service asks for, each in one round trip -----------------------------------------------------------------

-- Judges a batch of requests to hold stock, one after the other: each whole or not at all, and each sees what those before
-- it were granted. Order p_orders[n] wants the lines whose p_line_order is n; lines of one variant count together.
--
-- verdicts[n] is 'held' (also when it was already), 'short', 'released' (a release came first) or 'again' (another copy
-- wrote the same order at this moment). shortages: [{"request", "variantId", "requested", "available"}].
create function hold(
  p_orders text[], p_line_order integer[], p_line_variant text[], p_line_quantity bigint[], p_line_backorder boolean[],
  p_announce jsonb, out verdicts text[], out shortages jsonb, out published boolean
) language plpgsql as $$
declare
  v_variants  text[];
  -- Levels of the batch's variants in the order in which they are promised; v_first and v_last by variant.
  l_variant   integer[];
  l_location  text[];
  l_free      bigint[];
  v_first     integer[];
  v_last      integer[];
  -- What is left of each variant over all locations. Units owed at one location are not promised again at another.
  v_left      bigint[];
  -- What each request wants of each variant, sorted by request.
  d_request   integer[];
  d_variant   integer[];
  d_quantity  bigint[];
  d_backorder boolean[];
  d           integer := 1;
  d_start     integer;
  known       text[];
  fits        boolean;
  -- What was granted: so many units of which level to which request, and how many of them are not there.
  g_request   integer[] := '{}';
  g_level     integer[] := '{}';
  g_quantity  bigint[] := '{}';
  g_missing   bigint[] := '{}';
  g           integer := 0;
  -- What was missing.
  s_request   integer[] := '{}';
  s_demand    integer[] := '{}';
  s_available bigint[] := '{}';
  s           integer := 0;
  written     text[];
  variant     integer;
  wanted      bigint;
  taken       bigint;
  owed        bigint;
  whole       integer;
begin
  shortages := '[]';
  published := false;
  select array_agg(variant_id order by variant_id) into v_variants
  from (select distinct variant_id from unnest(p_line_variant) as lines (variant_id)) as wants;

  if true = any (p_line_backorder) then
    perform open_stock((select array_agg(l.variant_id) from unnest(p_line_variant, p_line_backorder) l (variant_id, backorder)
                        where l.backorder));
  end if;
  perform lock_stock(v_variants);
  if true = any (p_line_backorder) then
    -- A back-order stands at the default location, which may never have had the variant.
    insert into levels (variant_id, location_id)
    select distinct l.variant_id, c.id
    from unnest(p_line_variant, p_line_backorder) l (variant_id, backorder) cross join locations c
    where l.backorder and c.is_default
    on conflict do nothing;
  end if;

  select array_agg(v.idx order by v.idx, c.is_default desc, c.position),
         array_agg(l.location_id order by v.idx, c.is_default desc, c.position),
         array_agg(l.on_hand - l.reserved - l.allocated order by v.idx, c.is_default desc, c.position)
  into l_variant, l_location, l_free
  from unnest(v_variants) with ordinality as v (variant_id, idx)
  join levels l on l.variant_id = v.variant_id
  join locations c on c.id = l.location_id;

  v_left := array_fill(0::bigint, array[cardinality(v_variants)]);
  v_first := array_fill(1, array[cardinality(v_variants)]);
  v_last := array_fill(0, array[cardinality(v_variants)]);
  for j in 1 .. coalesce(cardinality(l_variant), 0) loop
    variant := l_variant[j];
    if v_last[variant] = 0 then v_first[variant] := j; end if;
    v_last[variant] := j;
    v_left[variant] := v_left[variant] + l_free[j];
  end loop;

  select array_agg(request order by request, idx), array_agg(idx order by request, idx),
         array_agg(quantity order by request, idx), array_agg(backorder order by request, idx)
  into d_request, d_variant, d_quantity, d_backorder
  from (
    select l.request, v.idx::integer, sum(l.quantity)::bigint as quantity, bool_and(l.backorder) as backorder
    from unnest(p_line_order, p_line_variant, p_line_quantity, p_line_backorder) l (request, variant_id, quantity, backorder)
    join unnest(v_variants) with ordinality as v (variant_id, idx) using (variant_id)
    group by l.request, v.idx) as demands;

  -- After the lock: whoever held stock for one of these orders has committed and is seen.
  select array_agg(h.state order by o.n) into known
  from unnest(p_orders) with ordinality as o (order_id, n)
  left join holds h on h.order_id = o.order_id;

  for r in 1 .. cardinality(p_orders) loop
    d_start := d;
    fits := true;
    while d_request[d] = r loop
      if known[r] is null and not d_backorder[d] and d_quantity[d] > v_left[d_variant[d]] then
        fits := false;
        s := s + 1;
        s_request[s] := r; s_demand[s] := d; s_available[s] := greatest(0, v_left[d_variant[d]]);
      end if;
      d := d + 1;
    end loop;

    if known[r] is not null then
      verdicts[r] := case known[r] when 'released' then 'released' else 'held' end;
    elsif not fits then
      verdicts[r] := 'short';
    else
      verdicts[r] := 'held';
      for k in d_start .. d - 1 loop
        variant := d_variant[k];
        wanted := d_quantity[k];
        v_left[variant] := v_left[variant] - wanted;
        whole := null;
        for j in v_first[variant] .. v_last[variant] loop
          if l_free[j] >= wanted then
            whole := j;
            exit;
          end if;
        end loop;
        if whole is not null then
          l_free[whole] := l_free[whole] - wanted;
          g := g + 1;
          g_request[g] := r; g_level[g] := whole; g_quantity[g] := wanted; g_missing[g] := 0;
        else
          -- No location has enough: what each has, and what none has at the default location, which comes first.
          owed := wanted;
          for j in v_first[variant] .. v_last[variant] loop
            owed := owed - greatest(0, l_free[j]);
          end loop;
          owed := greatest(0, owed);
          wanted := wanted - owed;
          for j in v_first[variant] .. v_last[variant] loop
            taken := least(wanted, greatest(0, l_free[j]));
            wanted := wanted - taken;
            l_free[j] := l_free[j] - taken - owed;
            if taken + owed > 0 then
              g := g + 1;
              g_request[g] := r; g_level[g] := j; g_quantity[g] := taken + owed; g_missing[g] := owed;
            end if;
            owed := 0;
          end loop;
        end if;
      end loop;
    end if;
  end loop;

  if s > 0 then
    select jsonb_agg(jsonb_build_object('request', request, 'variantId', v_variants[d_variant[demand]],
                                        'requested', d_quantity[demand], 'available', available))
    into shortages from unnest(s_request, s_demand, s_available) as missed (request, demand, available);
  end if;
  if g = 0 then return; end if;

  with made as (
    insert into holds (order_id, state)
    select distinct p_orders[request], 'held' from unnest(g_request) as granted (request) order by 1
    on conflict do nothing
    returning order_id)
  select coalesce(array_agg(order_id), '{}') into written from made;
  if exists (select from unnest(g_request) as granted (request) where p_orders[request] <> all (written)) then
    -- What these were granted is free again, so a verdict of "short" may be wrong as well.
    for r in 1 .. cardinality(p_orders) loop
      if known[r] is null and p_orders[r] <> all (written) then verdicts[r] := 'again'; end if;
    end loop;
    shortages := '[]';
  end if;

  with grants as (
    select p_orders[request] as order_id, v_variants[l_variant[level]] as variant_id, l_location[level] as location_id,
           quantity, missing
    from unnest(g_request, g_level, g_quantity, g_missing) as granted (request, level, quantity, missing)
    where verdicts[request] = 'held'),
  lines as (
    insert into hold_lines (order_id, variant_id, location_id, quantity)
    select order_id, variant_id, location_id, quantity from grants)
  update levels l set reserved = l.reserved + s.quantity, backordered = l.backordered + s.missing
  from (select variant_id, location_id, sum(quantity) as quantity, sum(missing) as missing
        from grants group by variant_id, location_id) s
  where l.variant_id = s.variant_id and l.location_id = s.location_id;

  published := announce(v_variants, false, p_announce);
end $$;

-- Gives back what orders hold or were promised and has not left, and leaves a mark that refuses a later reserve.
-- verdicts[n] is 'released' or 'again' (another copy held stock for the same order at this moment).
create function release(p_orders text[], p_announce jsonb, out verdicts text[], out published boolean)
language plpgsql as $$
declare
  v_locked text[];
  freed    text[] := '{}';
  o        record;
begin
  verdicts := array_fill('released'::text, array[cardinality(p_orders)]);
  published := false;
  -- Stock first, then holds, as everybody does.
  select coalesce(array_agg(distinct variant_id), '{}') into v_locked from hold_lines where order_id = any (p_orders);
  perform lock_stock(v_locked);
  for o in select order_id, n from unnest(p_orders) with ordinality as given (order_id, n) order by order_id loop
    insert into holds (order_id, state) values (o.order_id, 'released') on conflict do nothing;
    if not found then
      perform 1 from holds where order_id = o.order_id for update;
      if not found
         or exists (select from hold_lines where order_id = o.order_id and variant_id <> all (v_locked)) then
        verdicts[o.n] := 'again';
      else
        freed := freed || o.order_id;
      end if;
    end if;
  end loop;
  if cardinality(freed) = 0 then return; end if;

  perform change_levels(array_agg(l.variant_id), array_agg(l.location_id), array_agg(0::bigint),
                        array_agg(case h.state when 'held' then l.fulfilled - l.quantity else 0 end),
                        array_agg(case h.state when 'allocated' then l.fulfilled - l.quantity else 0 end))
  from holds h join hold_lines l using (order_id)
  where h.order_id = any (freed) and h.state in ('held', 'allocated');
  update holds set state = 'released' where order_id = any (freed) and state in ('held', 'allocated');
  published := announce(v_locked, false, p_announce);
end $$;

-- Turns what orders hold into what they were promised. Orders that hold nothing are none of our business.
create function allocate(p_orders text[]) returns void language plpgsql as $$
declare
  moved text[];
begin
  perform lock_stock((select array_agg(distinct variant_id) from hold_lines where order_id = any (p_orders)));
  perform 1 from holds where order_id = any (p_orders) and state = 'held' order by order_id for update;
  with changed as (
    update holds set state = 'allocated' where order_id = any (p_orders) and state = 'held' returning order_id)
  select array_agg(order_id) into moved from changed;
  perform change_levels(array_agg(variant_id), array_agg(location_id), array_agg(0::bigint), array_agg(-quantity),
                        array_agg(quantity))
  from hold_lines where order_id = any (moved);
end $$;

-- Takes units that left off the shelf: at most as many as the order was promised, since what it never held is not counted
-- here. Units of an order that was released meanwhile left all the same; nothing is promised for them any more.
create function ship(p_order text, p_variants text[], p_quantities bigint[], p_reason text, p_announce jsonb)
returns boolean language plpgsql as $$
declare
  was       text;
  variants  text[];
  locations text[];
  gone      bigint[];
begin
  -- Also when the order was not heard to be placed yet: what left was promised.
  perform allocate(array[p_order]);
  select state into was from holds where order_id = p_order for update;

  select array_agg(variant_id), array_agg(location_id), array_agg(quantity) into variants, locations, gone
  from (
    select l.variant_id, l.location_id,
           least(l.quantity - l.fulfilled, greatest(0, s.quantity - coalesce(sum(l.quantity - l.fulfilled) over (
             partition by l.variant_id order by c.is_default desc, c.position
             rows between unbounded preceding and 1 preceding), 0)))::bigint as quantity
    from hold_lines l
    join locations c on c.id = l.location_id
    join (select variant_id, sum(quantity) as quantity
          from unnest(p_variants, p_quantities) as sent (variant_id, quantity) group by variant_id) s
      on s.variant_id = l.variant_id
    where l.order_id = p_order) as taken
  where quantity > 0;
  if variants is null then return false; end if;

  update hold_lines l set fulfilled = l.fulfilled + g.quantity
  from unnest(variants, locations, gone) as g (variant_id, location_id, quantity)
  where l.order_id = p_order and l.variant_id = g.variant_id and l.location_id = g.location_id;
  insert into movements (variant_id, location_id, kind, quantity, order_id, reason)
  select variant_id, location_id, 'shipped', -quantity, p_order, p_reason
  from unnest(variants, locations, gone) as g (variant_id, location_id, quantity);
  perform change_levels(array_agg(variant_id), array_agg(location_id), array_agg(-quantity), array_agg(0::bigint),
                        array_agg(case was when 'released' then 0 else -quantity end))
  from unnest(variants, locations, gone) as g (variant_id, location_id, quantity);
  update holds set state = 'fulfilled'
  where order_id = p_order and state = 'allocated'
    and not exists (select from hold_lines where order_id = p_order and fulfilled < quantity);
  return announce(variants, false, p_announce);
end $$;

-- Sets counted stock, one level a row; a null location is the default one, and of two counts of a level the later one
-- holds. A count that changes nothing tells nobody.
create function set_levels(p_variants text[], p_locations text[], p_on_hand bigint[], p_reason text, p_announce jsonb)
returns boolean language plpgsql as $$
declare
  default_id text := (select id from locations where is_default);
  variants   text[];
  locations  text[];
  differ     bigint[];
begin
  perform open_stock(p_variants);
  perform lock_stock(p_variants);
  insert into levels (variant_id, location_id)
  select distinct variant_id, coalesce(location_id, default_id)
  from unnest(p_variants, p_locations) as given (variant_id, location_id)
  on conflict do nothing;

  select array_agg(variant_id), array_agg(location_id), array_agg(given - on_hand) into variants, locations, differ
  from (
    select distinct on (variant_id, location_id) variant_id, coalesce(g.location_id, default_id) as location_id, g.on_hand
    from unnest(p_variants, p_locations, p_on_hand) with ordinality as g (variant_id, location_id, on_hand, n)
    order by variant_id, location_id, n desc) as counted (variant_id, location_id, given)
  join levels using (variant_id, location_id)
  where given <> on_hand;
  if variants is null then return false; end if;

  insert into movements (variant_id, location_id, kind, quantity, reason)
  select variant_id, location_id, 'counted', quantity, p_reason
  from unnest(variants, locations, differ) as d (variant_id, location_id, quantity);
  perform change_levels(array_agg(variant_id), array_agg(location_id), array_agg(quantity), array_agg(0::bigint),
                        array_agg(0::bigint))
  from unnest(variants, locations, differ) as d (variant_id, location_id, quantity);
  return announce(variants, true, p_announce);
end $$;
