-- no transaction
-- Authorizations by when they lapse, for those who have to capture before; and those that lapsed.
create index concurrently if not exists payments_to_capture on payments (authorized_until, id)
  where capturable > 0 or failure = 'authorization-lapsed';
