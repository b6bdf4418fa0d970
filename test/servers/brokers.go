package servers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Mosquitto runs an MQTT broker with the lines of a configuration, in which
// ADDRESS stands for "port address", and returns its address.
func Mosquitto(t testing.TB, config string) string {
	t.Helper()
	program := Need(t, "mosquitto", "mosquitto")
	folder, address := Folder(t, ""), Free(t)
	host, port := split(t, address)
	file := Write(t, folder, "mosquitto.conf", strings.ReplaceAll(config, "ADDRESS", port+" "+host), "")
	Run(t, Server{Program: program, Args: []string{"-c", file}, Dir: folder, Ready: Accepts(address)})
	return address
}

// NATS runs a NATS server with JetStream and the lines of a configuration, and
// returns its address.
func NATS(t testing.TB, config string) string {
	t.Helper()
	program := Need(t, "nats-server", "nats-server")
	folder, address := Folder(t, ""), Free(t)
	text := fmt.Sprintf("listen: %q\njetstream {store_dir: %q}\n%s", address, filepath.Join(folder, "store"), config)
	file := Write(t, folder, "nats.conf", text, "")
	Run(t, Server{Program: program, Args: []string{"-c", file}, Dir: folder, Ready: Accepts(address)})
	return address
}

// rabbitUser is who runs a RabbitMQ.
const rabbitUser = "rabbitmq"

// RabbitMQ runs a RabbitMQ with a user probe, whose password is hunter-two, and
// returns its address, and that on which it speaks TLS by the certificate.
func RabbitMQ(t testing.TB) (address, secure, cert string) {
	t.Helper()
	Need(t, "rabbitmq-server", "rabbitmq-server")
	const program = "/usr/lib/rabbitmq/bin/rabbitmq-server" // and not the script that leaves a log in the machine's folder
	folder := Folder(t, rabbitUser)
	cert, key := Certificate(t, folder, rabbitUser)
	address, secure = Free(t), Free(t)
	_, distribution := split(t, Free(t))
	_, names := split(t, Free(t))
	_, port := split(t, address)
	// Without one that ends with the test, the server would start this for good.
	Run(t, Server{Program: Need(t, "epmd", "rabbitmq-server"), Args: []string{"-address", "127.0.0.1", "-port", names}, Ready: Accepts("127.0.0.1:" + names)})
	config := "listeners.tcp.1 = " + address + "\nlisteners.ssl.1 = " + secure + "\nssl_options.certfile = " + cert + "\nssl_options.keyfile = " + key +
		"\ndefault_user = probe\ndefault_pass = hunter-two\n"
	Write(t, folder, "rabbitmq.conf", config, rabbitUser)
	Write(t, folder, ".erlang.cookie", "probe", rabbitUser)
	Run(t, Server{
		Program: program, Dir: folder, User: rabbitUser, Ready: Accepts(address),
		Env: []string{
			"HOME=" + folder, "RABBITMQ_NODENAME=probe" + port + "@localhost", "RABBITMQ_CONFIG_FILE=" + folder + "/rabbitmq", "RABBITMQ_MNESIA_BASE=" + folder + "/mnesia",
			"RABBITMQ_LOG_BASE=" + folder + "/log", "RABBITMQ_LOGS=-", "RABBITMQ_ENABLED_PLUGINS_FILE=" + folder + "/plugins", "RABBITMQ_DIST_PORT=" + distribution,
			"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + names,
		},
	})
	return address, secure, cert
}
