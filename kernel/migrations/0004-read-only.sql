-- A simple view can be written through, with its owner's rights, and a new one is granted like a table: a service could have forgotten
-- its own migrations. It reads them.
do $$
declare
  reader name;
begin
  for reader in
    select distinct grantee from information_schema.role_table_grants
    where table_schema = current_schema() and table_name = 'applied_migrations' and grantee <> current_user
  loop
    execute format('revoke insert, update, delete, truncate on applied_migrations from %I', reader);
  end loop;
end $$;
