-- What a unit of a variant costs in a market, in minor units. The currency stands beside the amount: a market whose
-- currency is exchanged in the settings has no prices until they are set anew, rather than prices in the wrong money.
create table prices (
  variant_id        text not null,
  market            text not null,
  product_id        text not null,
  currency          text not null check (currency ~ '^[A-Z]{3}$'),
  -- The ceiling that the contract names `priceAtMost`.
  amount            bigint not null check (amount between 0 and 1000000000),
  compare_at_amount bigint check (compare_at_amount between 0 and 1000000000),
  primary key (variant_id, market)
);

-- Every price there ever was: a null amount means that it was removed. The EU asks for the lowest of the last 30 days
-- beside a reduced price (Directive 98/6/EC, Article 6a).
create table price_history (
  variant_id        text not null,
  market            text not null,
  sequence          bigint not null,
  product_id        text not null,
  currency          text not null,
  amount            bigint,
  compare_at_amount bigint,
  changed_at        timestamptz not null default now(),
  primary key (variant_id, market, sequence)
);

-- Counts the price changes of a product. Its row is locked first, so that two changes of one product come one after the
-- other, in the order that their events tell.
create table price_sequences (
  product_id text primary key,
  sequence   bigint not null check (sequence > 0)
);

create table promotions (
  id                       text primary key,
  label                    text not null,
  code                     text,
  kind                     text not null check (kind in ('percentage', 'fixed')),
  rate                     integer check (rate between 1 and 1000000),
  amounts                  jsonb not null,
  minimums                 jsonb not null,
  categories               text[] not null,
  starts_at                timestamptz,
  ends_at                  timestamptz,
  usage_limit              integer check (usage_limit > 0),
  usage_limit_per_customer integer check (usage_limit_per_customer > 0),
  active                   boolean not null,
  times_used               integer not null default 0,
  check (times_used >= 0 and times_used <= usage_limit),
  check (ends_at > starts_at),
  check ((kind = 'percentage') = (rate is not null)),
  check ((kind = 'fixed') = (amounts <> '{}'))
);

-- Codes are found in any case, so two that differ in case alone would be one to shoppers.
create unique index promotions_by_code on promotions (lower(code)) where code is not null;
create index promotions_automatic on promotions (id) where code is null and active;

-- What each order used up. An order that gave it back keeps its row as a tombstone: a redeem that was under way
-- meanwhile finds it and is refused.
create table redemptions (
  order_id      text primary key,
  promotion_ids text[] not null,
  customer      text,
  state         text not null check (state in ('redeemed', 'undone')),
  changed_at    timestamptz not null default now()
);
comment on column redemptions.customer is
  'personal: email; keyed digest, to give the customer''s use back with the order''s; contract; as long as the order';

-- How often a customer used a promotion. The limit is the one that held at the last use: staff may lower a promotion's
-- limit below what somebody has used already.
create table customer_uses (
  promotion_id text not null references promotions,
  customer     text not null,
  times_used   integer not null check (times_used >= 0),
  usage_limit  integer,
  primary key (promotion_id, customer),
  check (times_used <= usage_limit)
);
comment on column customer_uses.customer is
  'personal: email; keyed digest, to hold limits a customer; contract; as long as the promotion';

-- Uses promotions up for orders, each order whole or not at all. It is one statement for many orders, so that no lock is
-- held across a round trip and one commit serves all. Verdicts: redeemed (also when it was already), spent (by this
-- promotion), undone (the order gave its redemptions back before).
create function redeem(requests jsonb) returns table (order_id text, verdict text, promotion_id text)
language plpgsql as $$
#variable_conflict use_column
declare
  request record;
  promotion record;
begin
  -- Locked by id for all orders at once: two orders with the same two coupons would otherwise wait for each other.
  perform 1 from promotions
  where id in (select jsonb_array_elements_text(one -> 'promotionIds') from jsonb_array_elements(requests) as one)
  order by id for update;

  for request in
    select one ->> 'orderId' as order_id, one ->> 'customer' as customer,
           array(select distinct jsonb_array_elements_text(one -> 'promotionIds') order by 1) as promotion_ids
    from jsonb_array_elements(requests) as one order by 1
  loop
    order_id := request.order_id;
    verdict := 'redeemed';
    promotion_id := null;
    begin
      insert into redemptions (order_id, promotion_ids, customer, state)
      values (request.order_id, request.promotion_ids, request.customer, 'redeemed')
      on conflict (order_id) do nothing;
      if not found then
        select state into strict verdict from redemptions where redemptions.order_id = request.order_id;
        return next;
        continue;
      end if;
      for promotion in
        select wanted.id, p.usage_limit_per_customer as customer_limit
        from unnest(request.promotion_ids) as wanted (id) left join promotions p on p.id = wanted.id
      loop
        update promotions set times_used = times_used + 1
        where id = promotion.id and (usage_limit is null or times_used < usage_limit);
        if not found then
          raise exception sqlstate 'ST001' using message = promotion.id;
        end if;
        -- Somebody unknown cannot be counted, and so has no use of what is limited a customer.
        if request.customer is not null then
          insert into customer_uses as uses (promotion_id, customer, times_used, usage_limit)
          values (promotion.id, request.customer, 1, promotion.customer_limit)
          on conflict (promotion_id, customer) do update
            set times_used = uses.times_used + 1, usage_limit = excluded.usage_limit
            where excluded.usage_limit is null or uses.times_used < excluded.usage_limit;
        end if;
        if not found or (request.customer is null and promotion.customer_limit is not null) then
          raise exception sqlstate 'ST001' using message = promotion.id;
        end if;
      end loop;
    exception when sqlstate 'ST001' then
      -- What this order had used up is rolled back to the beginning of the block, its row included.
      verdict := 'spent';
      promotion_id := sqlerrm;
    end;
    return next;
  end loop;
end $$;
