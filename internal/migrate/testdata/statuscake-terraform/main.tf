terraform {
  required_providers {
    statuscake = { source = "StatusCakeDev/statuscake", version = "~> 2.2" }
  }
}

provider "statuscake" {
  api_token = var.statuscake_token
}

variable "statuscake_token" { sensitive = true }

variable "sites" {
  type = map(object({
    url      = string
    interval = optional(number, 60)
    find     = optional(string)
  }))
}

variable "hostname" {
  default = "orchard.example"
}

locals {
  down_codes = concat([for code in range(400, 418) : tostring(code)], ["500", "501", "502", "503", "504"])
  domain     = "www.${var.hostname}"
}

resource "statuscake_contact_group" "fruit" {
  name            = "Fruit team"
  email_addresses = ["fruit@orchard.example", "stone-fruit@orchard.example"]
  mobile_numbers  = ["447700900123"]
}

resource "statuscake_contact_group" "nobody" {
  name = "Former staff"
}

resource "statuscake_uptime_check" "site" {
  for_each       = var.sites
  name           = "${each.key} site"
  check_interval = each.value.interval
  confirmation   = 2
  trigger_rate   = 5
  contact_groups = [statuscake_contact_group.fruit.id]
  regions        = ["london", "dublin"]
  tags           = ["orchard"]

  http_check {
    timeout          = 40
    follow_redirects = true
    validate_ssl     = false
    request_method   = "HTTP"
    user_agent       = "StatusCake for the orchard"
    status_codes     = local.down_codes
    enable_cookies   = true

    dynamic "content_matchers" {
      for_each = each.value.find == null ? [] : [each.value.find]
      content {
        content = content_matchers.value
        matcher = "CONTAINS_STRING"
      }
    }

    request_headers = {
      Accept        = "text/html"
      Authorization = "Bearer elderberry"
    }

    basic_authentication {
      username = "probe"
      password = "redcurrant"
    }
  }

  monitored_resource {
    address = each.value.url
  }
}

resource "statuscake_uptime_check" "names" {
  name           = "Names"
  check_interval = 900
  dns_check {
    dns_server = "192.0.2.53"
    dns_ips    = ["192.0.2.1"]
  }
  monitored_resource { address = var.hostname }
}

resource "statuscake_uptime_check" "elsewhere" {
  name           = "Elsewhere"
  check_interval = 60
  http_check { timeout = 10 }
  monitored_resource { address = "https://${azurerm_linux_web_app.shop.default_hostname}/" }
}

resource "statuscake_uptime_check" "paused" {
  name           = "Paused"
  paused         = true
  check_interval = 60
  monitored_resource { address = "https://paused.orchard.example" }
}

resource "statuscake_uptime_check" "none" {
  count          = 0
  name           = "None"
  check_interval = 60
  monitored_resource { address = "https://none.orchard.example" }
}

resource "statuscake_ssl_check" "www" {
  check_interval = 3600
  contact_groups = [statuscake_contact_group.fruit.id]
  alert_config {
    alert_at    = [3, 7, 30]
    on_reminder = true
    on_expiry   = true
    on_broken   = true
    on_mixed    = false
  }
  monitored_resource { address = "https://${local.domain}" }
}

resource "statuscake_ssl_check" "mail" {
  check_interval = 86400
  alert_config { alert_at = [1, 7, 14] }
  monitored_resource { address = "https://mail.orchard.example" }
}

resource "statuscake_pagespeed_check" "www" {
  name = "Speed"
}

module "more" {
  source         = "./modules/statuscake"
  uptime_urls    = ["https://press.orchard.example/healthcheck", azurerm_linux_web_app.shop.url]
  ssl_urls       = ["https://press.orchard.example/healthcheck"]
  contact_groups = ["282453"]
}

module "network" {
  source = "./modules/network"
}

resource "random_id" "suffix" {
  byte_length = 4
}
