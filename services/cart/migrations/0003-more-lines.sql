-- Two hundred lines, as a quote and a reservation take. What is there satisfied the narrower rule.
alter table carts
  drop constraint carts_lines_check,
  add constraint carts_lines_check check (jsonb_typeof(lines) = 'array' and jsonb_array_length(lines) <= 200) not valid;
