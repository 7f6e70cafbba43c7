-- Entries of the ledger by month, by the time that their transaction's id begins with; the table that was there becomes the first
-- part. Transactions stay in one table: that an operation is booked once holds across all months (docs/decisions/0041).
--
select lock_briefly(
  'lock table ledger_accounts, ledger_transactions in share row exclusive mode',
  'lock table ledger_entries in access exclusive mode');

alter table ledger_entries rename to ledger_entries_before;
alter index ledger_entries_pkey rename to ledger_entries_before_pkey;
alter index ledger_entries_transaction rename to ledger_entries_before_transaction;
drop trigger ledger_balances on ledger_entries_before;
alter table ledger_entries_before alter column id drop identity;
create table ledger_entries (
  like ledger_entries_before including defaults including constraints including comments,
  foreign key (transaction_id) references ledger_transactions,
  foreign key (account, currency) references ledger_accounts
) partition by range (transaction_id);
alter table ledger_entries drop constraint months_begin;
alter table ledger_entries alter column id add generated always as identity;
select setval(pg_get_serial_sequence('ledger_entries', 'id'), coalesce(max(id), 0) + 1, false) from ledger_entries_before;
create index ledger_entries_transaction on ledger_entries (transaction_id);

do $$ begin
  execute format('alter table ledger_entries attach partition ledger_entries_before for values from (minvalue) to (%L)',
    (select first_id(prefix, first_month) from monthly_tables));
end $$;
alter table ledger_entries_before drop constraint months_begin;
create table ledger_entries_beyond partition of ledger_entries default;
select close_part('ledger_entries' || kind) from unnest(array['_before', '_beyond']) as kind;

-- Judged at commit, when all entries of the transaction are there. Parts have it from here.
create constraint trigger ledger_balances after insert on ledger_entries
  deferrable initially deferred for each row execute function ledger_balances();
create trigger append_only before update or delete or truncate on ledger_entries
  for each statement execute function ledger_is_append_only();
select make_months(3);
