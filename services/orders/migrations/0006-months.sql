-- Lines and history of orders by month, by the time that the order's id begins with. The tables that were there become the first
-- parts, whole as they are, and tables of their names take their place in the same moment. Orders themselves stay in one table: their
-- rows are arbiters across all months (docs/decisions/0041).
--
select lock_briefly(
  'lock table orders in share row exclusive mode',
  'lock table order_lines, order_history in access exclusive mode');

alter table order_lines rename to order_lines_before;
alter index order_lines_pkey rename to order_lines_before_pkey;
create table order_lines (
  like order_lines_before including defaults including constraints including comments,
  primary key (order_id, id),
  foreign key (order_id) references orders
) partition by range (order_id);
alter table order_lines drop constraint months_begin;

alter table order_history rename to order_history_before;
alter index order_history_pkey rename to order_history_before_pkey;
alter index order_history_of_order rename to order_history_before_of_order;
alter table order_history_before alter column id drop identity;
create table order_history (
  like order_history_before including defaults including constraints including comments,
  foreign key (order_id) references orders
) partition by range (order_id);
alter table order_history drop constraint months_begin;
alter table order_history alter column id add generated always as identity;
select setval(pg_get_serial_sequence('order_history', 'id'), coalesce(max(id), 0) + 1, false) from order_history_before;
create index order_history_of_order on order_history (order_id, id);
create trigger append_only before update or delete or truncate on order_history
  for each statement execute function history_is_append_only();

do $$
declare
  one record;
begin
  for one in select name, name || '_before' as before, first_id(prefix, first_month) as bound from monthly_tables order by name loop
    execute format('alter table %I attach partition %I for values from (minvalue) to (%L)', one.name, one.before, one.bound);
    execute format('alter table %I drop constraint months_begin', one.before);
  end loop;
end $$;
create table order_lines_beyond partition of order_lines default;
create table order_history_beyond partition of order_history default;

select close_part(name || kind) from monthly_tables, unnest(array['_before', '_beyond']) as kind;
select make_months(3);
