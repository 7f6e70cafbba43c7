-- Entries of the ledger are to be parted by month (0008): see the same of orders, 0004.
insert into monthly_tables (name, id_column, prefix, first_month)
values ('ledger_entries', 'transaction_id', null, date_trunc('month', now(), 'UTC') + interval '3 months');

do $$ begin
  execute format('alter table ledger_entries add constraint months_begin check (transaction_id < %L) not valid',
    (select first_id(prefix, first_month) from monthly_tables));
end $$;
