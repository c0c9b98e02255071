{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'books_to_gl'}}}) }}
-- A warning: an ERP whose trial balance does not open with what it closed shows here, and must not stop the books.
select *
from {{ ref('books_to_gl') }}
where unexplained_minor <> 0
