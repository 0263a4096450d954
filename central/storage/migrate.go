package storage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ErrNewer says that the database was written by a newer program.
var ErrNewer = errors.New("database is newer than this program")

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema from whatever version the file has to this
// program's, each step in a transaction of its own.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	has, knows, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version of %s: %w", path, err)
	}
	if has > knows {
		return fmt.Errorf("%w: %s has schema %d, this program knows %d; start the newer program, or restore a backup from before it", ErrNewer, path, has, knows)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate database %s: %w", path, err)
	}
	return nil
}
