-- One exception of high severity; parameters: handoff, reason code.
insert into reconciliation.rec_exceptions by name
select 'planted' as rec_id, ? as handoff, 'US01' as entity_id, 'K1' as customer_id, date '2026-01-01' as period,
    'USD' as currency, 'planted:left' as left_ref, 'planted:right' as right_ref, 1500000 as left_minor,
    0 as right_minor, 1500000 as difference_minor, 1500000 as absolute_minor, 'exception' as status, ? as reason_code, 'none' as match_method,
    'high' as severity, true as is_defect, date '2026-01-01' as first_seen_date, 180 as age_days,
    'Billing operations' as owner_role, 'Something differs' as reason, 'Look into it' as suggested_action
