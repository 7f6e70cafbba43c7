-- Tables that are parted by month, each by an id that begins with its time: a TypeID of this prefix, or a UUIDv7 where there is none.
-- Their parts are called by their month; `_before` has everything from before the first, `_beyond` what belongs to a month that
-- nobody has made yet.
create table monthly_tables (
  name      text primary key,
  id_column text not null,
  prefix    text,
  first_month timestamptz not null
);

-- The least id of a moment. Crockford's base32 holds the 48 bits of a TypeID's milliseconds in exactly its first ten letters.
create function first_id(prefix text, at timestamptz) returns text language sql immutable as $$
  select case
    when prefix is null then (lpad(to_hex(ms), 12, '0') || repeat('0', 20))::uuid::text
    else prefix || '_' || (
      select string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', (ms >> 5 * n & 31)::int + 1, 1), '' order by n desc)
      from generate_series(0, 9) n)
    end
  from (select (extract(epoch from at) * 1000)::bigint) as given (ms)
$$;

-- Takes locks that live traffic has too, in whatever order: each is waited for shorter than PostgreSQL takes to look for a deadlock, then
-- all are let go and tried again. So nobody is ended for us, and nobody waits for us longer than a blink at a time.
create function lock_briefly(variadic statements text[]) returns void language plpgsql as $$
declare
  statement text;
begin
  perform set_config('lock_timeout', '100ms', true);
  for attempt in 1 .. 100 loop
    begin
      foreach statement in array statements loop execute statement; end loop;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 + 0.1 * random());
    end;
  end loop;
  raise exception 'live traffic left no moment for: %', statements using errcode = 'lock_not_available';
end $$;

-- Leaves a part to be reached only through the table that it is a part of, whose triggers on whole statements it has not.
create function close_part(part text) returns void language plpgsql set search_path from current as $$
declare
  reader name;
begin
  for reader in select distinct grantee from information_schema.role_table_grants
    where table_schema = current_schema() and table_name = part and grantee <> current_user
  loop
    execute format('revoke all on %I from %I', part, reader);
  end loop;
end $$;

-- Makes the parts of this month and of `ahead` more, each beside its table and then attached, which keeps nobody from reading or
-- writing. A service may call it, with its owner's rights, which it has not. @returns how many were made
create function make_months(ahead integer) returns integer language plpgsql security definer set search_path from current as $$
declare
  parted record;
  part record;
  first text;
  next text;
  made integer := 0;
begin
  -- Another copy is at it.
  if not pg_try_advisory_xact_lock('monthly_tables'::regclass::oid::bigint) then return 0; end if;
  -- Shorter than PostgreSQL takes to look for a deadlock: then we go, and come again.
  perform set_config('lock_timeout', '500ms', true);
  for parted in
    select m.*, c.oid from monthly_tables m join pg_class c on c.oid = to_regclass(quote_ident(m.name)) where c.relkind = 'p' order by m.name
  loop
    for part in
      select parted.name || to_char(at, '"_"YYYY"_"MM') as name, at as first, at + interval '1 month' as next
      from generate_series(date_trunc('month', now() at time zone 'UTC'),
                           date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead), interval '1 month') at
      where at at time zone 'UTC' >= parted.first_month
    loop
      continue when to_regclass(quote_ident(part.name)) is not null;
      execute format('create table %I (like %I including all excluding identity)', part.name, parted.name);
      perform close_part(part.name);
      first := first_id(parted.prefix, part.first at time zone 'UTC');
      next := first_id(parted.prefix, part.next at time zone 'UTC');
      -- What came before its month was made moves in.
      execute format('lock table %I in share row exclusive mode', parted.name || '_beyond');
      execute format('with moved as (delete from %2$I where %3$I >= %4$L and %3$I < %5$L returning *) insert into %1$I select * from moved',
        part.name, parted.name || '_beyond', parted.id_column, first, next);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', parted.name, part.name, first, next);
      made := made + 1;
    end loop;
  end loop;
  return made;
end $$;

-- Of each table that is parted by month: for how many months from this one on there are parts, and how many rows have none.
create function months_ahead() returns table (name text, months integer, beyond bigint)
language plpgsql security definer set search_path from current as $$
begin
  for name in select m.name from monthly_tables m join pg_class c on c.oid = to_regclass(quote_ident(m.name)) where c.relkind = 'p'
  loop
    select count(*) into months from generate_series(0, 11) n
    where now() + make_interval(months => n) < (select m.first_month from monthly_tables m where m.name = months_ahead.name)
       or to_regclass(quote_ident(months_ahead.name || to_char((now() at time zone 'UTC') + make_interval(months => n), '"_"YYYY"_"MM')))
          is not null;
    execute format('select count(*) from %I', name || '_beyond') into beyond;
    return next;
  end loop;
end $$;
