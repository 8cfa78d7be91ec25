# What the assistant may quote: data stores and a search engine over them. Terraform makes the shelves; documents are
# imported by the code, as HTML, PDF, DOCX or text (Agent Search takes no Markdown).

locals {
  documents = { for name, store in var.data_stores : name => store if store.kind == "documents" }
  faqs      = { for name, store in var.data_stores : name => store if store.kind == "faq" }
}

resource "google_discovery_engine_data_store" "this" {
  for_each = var.data_stores

  project                      = var.project_id
  location                     = var.location
  data_store_id                = "telecom-${each.key}-${var.env}"
  display_name                 = coalesce(each.value.display_name, "Telecom ${each.key} (${var.env})")
  industry_vertical            = "GENERIC"
  content_config               = each.value.kind == "documents" ? "CONTENT_REQUIRED" : "NO_CONTENT"
  solution_types               = ["SOLUTION_TYPE_SEARCH"]
  create_advanced_site_search  = false
  skip_default_schema_creation = each.value.kind == "faq"
  kms_key_name                 = var.kms_key_name

  dynamic "document_processing_config" {
    for_each = each.value.kind == "documents" ? [each.value] : []

    content {
      default_parsing_config {
        layout_parsing_config {}
      }

      chunking_config {
        layout_based_chunking_config {
          chunk_size                = document_processing_config.value.chunk_size
          include_ancestor_headings = document_processing_config.value.include_ancestor_headings
        }
      }
    }
  }
}

resource "google_discovery_engine_schema" "faq" {
  for_each = local.faqs

  project       = var.project_id
  location      = var.location
  data_store_id = google_discovery_engine_data_store.this[each.key].data_store_id
  schema_id     = "default_schema"
  json_schema   = jsonencode(jsondecode(file("${path.module}/faq_schema.json")))
}

resource "google_discovery_engine_search_engine" "this" {
  for_each = var.engine == null ? toset([]) : toset(["engine"])

  project           = var.project_id
  location          = var.location
  collection_id     = "default_collection"
  engine_id         = "telecom-${var.env}"
  display_name      = coalesce(var.engine.display_name, "Telecom ${var.env}")
  industry_vertical = "GENERIC"
  data_store_ids    = [for name in sort(keys(var.data_stores)) : google_discovery_engine_data_store.this[name].data_store_id]

  search_engine_config {
    search_tier    = var.engine.enterprise ? "SEARCH_TIER_ENTERPRISE" : "SEARCH_TIER_STANDARD"
    search_add_ons = var.engine.llm ? ["SEARCH_ADD_ON_LLM"] : []
  }

  dynamic "common_config" {
    for_each = var.engine.company_name[*]

    content {
      company_name = common_config.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.data_stores) > 0
      error_message = "An engine needs a data store, and data_stores is empty. Add one, or set engine = null."
    }
  }

  depends_on = [google_discovery_engine_schema.faq]
}
