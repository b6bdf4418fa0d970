variable "hostname" { default = "orchard.example" }
resource "statuscake_uptime_check" "mail" {
  name           = "Mail"
  check_interval = 300
  tcp_check {
    port     = 587
    protocol = "SMTP"
    timeout  = 20
    authentication {
      username = "a"
      password = "b"
    }
  }
  monitored_resource { address = "mail.${var.hostname}" }
}
resource "statuscake_uptime_check" "gateway" {
  name           = "Gateway"
  check_interval = 60
  icmp_check { enabled = true }
  monitored_resource { address = "gateway.${var.hostname}" }
}
resource "statuscake_heartbeat_check" "backup" {
  name   = "Nightly backup"
  period = 90000
}
