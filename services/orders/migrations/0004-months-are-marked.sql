-- Lines and history of orders are to be parted by month (0006). What is there will be the part of what was before: that it was is
-- checked here for new rows and validated in the next file for the others, so that nobody waits for it later. The first month of its
-- own is far enough away for a migration that has to be tried again.
insert into monthly_tables (name, id_column, prefix, first_month)
select name, 'order_id', 'order', date_trunc('month', now(), 'UTC') + interval '3 months'
from unnest(array['order_history', 'order_lines']) as name;

select lock_briefly('lock table order_history, order_lines in access exclusive mode');
do $$
declare
  one record;
begin
  for one in select name, first_id(prefix, first_month) as bound from monthly_tables order by name loop
    execute format('alter table %I add constraint months_begin check (order_id < %L) not valid', one.name, one.bound);
  end loop;
end $$;
