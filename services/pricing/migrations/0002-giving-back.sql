-- Gives an order's uses back, and leaves a tombstone that a later redeem finds. Again changes nothing. It is a statement a step, since each
-- sees what was committed until it began: the first one may have waited for the very redemption that the others take back.
create function unredeem(p_order text) returns void language plpgsql as $$
declare
  undone record;
begin
  insert into redemptions as r (order_id, promotion_ids, state) values (p_order, '{}', 'undone')
  on conflict (order_id) do update set state = 'undone', changed_at = now() where r.state = 'redeemed'
  returning promotion_ids, customer into undone;
  if not found then return; end if;
  perform 1 from promotions where id = any (undone.promotion_ids) order by id for update;
  update promotions set times_used = times_used - 1 where id = any (undone.promotion_ids);
  update customer_uses set times_used = times_used - 1
  where promotion_id = any (undone.promotion_ids) and customer = undone.customer;
end $$;
