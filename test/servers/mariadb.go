package servers

import (
	"testing"
)

// mariadbUser is who runs a MariaDB, which refuses root.
const mariadbUser = "mysql"

// MariaDB runs a MariaDB that executes statements when it starts, with further
// options as on its command line, and returns its address.
func MariaDB(t testing.TB, statements string, options ...string) string {
	t.Helper()
	install, program := Need(t, "mariadb-install-db", "mariadb-server"), Need(t, "mariadbd", "mariadb-server")
	folder := Folder(t, mariadbUser)
	data := folder + "/data"
	Do(t, mariadbUser, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	address := Free(t)
	_, port := split(t, address)
	args := append([]string{
		"--no-defaults", "--datadir=" + data, "--socket=" + folder + "/socket", "--pid-file=" + folder + "/pid", "--bind-address=127.0.0.1", "--port=" + port,
		"--init-file=" + Write(t, folder, "init.sql", statements, mariadbUser), "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--skip-name-resolve",
	}, options...)
	Run(t, Server{Program: program, Args: args, Dir: folder, User: mariadbUser, Ready: Accepts(address)})
	return address
}
