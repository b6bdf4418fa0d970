resource "azurerm_application_insights" "main" {
  name = "orchard"
}

resource "azurerm_monitor_action_group" "ops" {
  name       = "orchard-ops"
  short_name = "ops"
  email_receiver {
    name          = "ops"
    email_address = "ops@orchard.example"
  }
  webhook_receiver {
    name        = "chat"
    service_uri = "https://hooks.orchard.example/kumquat"
  }
}

resource "azurerm_application_insights_standard_web_test" "shop" {
  name                    = "orchard-shop"
  location                = "uksouth"
  resource_group_name     = "rg"
  application_insights_id = azurerm_application_insights.main.id
  geo_locations           = ["emea-gb-db3-azr", "emea-nl-ams-azr"]
  frequency               = 300
  timeout                 = 30
  retry_enabled           = true
  request {
    url                              = "https://shop.orchard.example/healthcheck"
    follow_redirects_enabled         = false
    parse_dependent_requests_enabled = true
    header {
      name  = "X-Probe"
      value = "1"
    }
  }
  validation_rules {
    expected_status_code        = 200
    ssl_check_enabled           = true
    ssl_cert_remaining_lifetime = 14
    content {
      content_match      = "maintenance"
      ignore_case        = false
      pass_if_text_found = false
    }
  }
}

resource "azurerm_application_insights_web_test" "journey" {
  name                    = "orchard-journey"
  kind                    = "multistep"
  frequency               = 900
  timeout                 = 60
  enabled                 = true
  geo_locations           = ["emea-gb-db3-azr"]
  application_insights_id = azurerm_application_insights.main.id
  configuration           = <<XML
<WebTest Name="journey" Enabled="True" Timeout="60" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
  <Items>
    <Request Method="GET" Url="https://shop.orchard.example/" ExpectedHttpStatusCode="200" ThinkTime="0" />
    <Request Method="GET" Url="https://shop.orchard.example/basket" ExpectedHttpStatusCode="200" ThinkTime="0" />
  </Items>
</WebTest>
XML
}

resource "azurerm_monitor_metric_alert" "shop" {
  name   = "orchard-shop-down"
  scopes = [azurerm_application_insights_standard_web_test.shop.id]
  application_insights_web_test_location_availability_criteria {
    web_test_id           = azurerm_application_insights_standard_web_test.shop.id
    component_id          = azurerm_application_insights.main.id
    failed_location_count = 2
  }
  action {
    action_group_id = azurerm_monitor_action_group.ops.id
  }
}
