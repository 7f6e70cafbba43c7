-- Orders whose money came late and that hold anew, each with the lease of the driver that had it so. What an earlier driver asked to be
-- given back, and what lay with a process that stood still, comes too late after that.
create table reopened (
  order_id text primary key,
  lease    bigint not null
);

-- As the one of 0001, which now calls it, for callers that tell by lease how old what they ask is; null is never too late. What comes too
-- late changes nothing, and its verdict is 'released' as well: to whoever asked it is nothing any more.
create function release(p_orders text[], p_leases bigint[], p_announce jsonb, out verdicts text[], out published boolean)
language plpgsql as $$
declare
  v_locked text[];
  freed    text[] := '{}';
  is_new   boolean;
  o        record;
begin
  verdicts := array_fill('released'::text, array[cardinality(p_orders)]);
  published := false;
  -- Stock first, then holds, as everybody does.
  select coalesce(array_agg(distinct variant_id), '{}') into v_locked from hold_lines where order_id = any (p_orders);
  perform lock_stock(v_locked);
  for o in
    select order_id, lease, n from unnest(p_orders, p_leases) with ordinality as given (order_id, lease, n) order by order_id
  loop
    insert into holds (order_id, state) values (o.order_id, 'released') on conflict do nothing;
    is_new := found;
    if not is_new then
      perform 1 from holds where order_id = o.order_id for update;
      if not found
         or exists (select from hold_lines where order_id = o.order_id and variant_id <> all (v_locked)) then
        verdicts[o.n] := 'again';
        continue;
      end if;
    end if;
    -- After the lock: whoever reopened the order has committed and is seen.
    if exists (select from reopened r where r.order_id = o.order_id and r.lease > o.lease) then
      if is_new then delete from holds where order_id = o.order_id; end if;
    elsif not is_new then
      freed := freed || o.order_id;
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

create or replace function release(p_orders text[], p_announce jsonb, out verdicts text[], out published boolean)
language plpgsql as $$
begin
  select r.verdicts, r.published into verdicts, published
  from release(p_orders, array_fill(null::bigint, array[cardinality(p_orders)]), p_announce) r;
end $$;
