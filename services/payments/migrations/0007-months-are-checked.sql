-- no transaction
alter table ledger_entries validate constraint months_begin;
