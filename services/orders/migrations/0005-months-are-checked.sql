-- no transaction
alter table order_history validate constraint months_begin;
alter table order_lines validate constraint months_begin;
