# What Model Armor looks for in messages and answers, beside the assistant's own rules. It says what it found; the
# assistant decides (llmops/agent/guardrails.py). Our texts are Portuguese, hence the detection of languages.

locals {
  # Of prod the least, of dev enough to see the same messages pass: the lower the level, the more is held back.
  armor_confidence = var.env == "prod" ? "LOW_AND_ABOVE" : "MEDIUM_AND_ABOVE"
}

resource "google_model_armor_template" "this" {
  for_each = var.armor == null ? toset([]) : toset(["template"])

  project     = var.project_id
  location    = var.region
  template_id = coalesce(var.armor.name, "telecom-assistant-${var.env}")
  labels      = merge(var.labels, local.code_labels)

  filter_config {
    pi_and_jailbreak_filter_settings {
      filter_enforcement = "ENABLED"
      confidence_level   = coalesce(var.armor.injection_confidence, local.armor_confidence)
    }

    malicious_uri_filter_settings {
      filter_enforcement = "ENABLED"
    }

    sdp_settings {
      basic_config {
        filter_enforcement = "ENABLED"
      }
    }

    dynamic "rai_settings" {
      for_each = length(var.armor.harm) == 0 ? {} : { harm = var.armor.harm }

      content {
        dynamic "rai_filters" {
          for_each = rai_settings.value

          content {
            filter_type      = rai_filters.key
            confidence_level = rai_filters.value
          }
        }
      }
    }
  }

  template_metadata {
    # Texts are people's: only who changed the template is logged, never what was looked at.
    log_sanitize_operations            = false
    log_template_operations            = true
    ignore_partial_invocation_failures = false

    multi_language_detection {
      enable_multi_language_detection = true
    }
  }
}
