package local

import "encoding/json"

// secret is a row of the secrets service. Its content is never logged.
type secret struct {
	Secret  json.RawMessage `json:"secret"`
	Expires stamp           `json:"expires"`
}

func setSecret(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.secrets.set(c.params["name"], secret{Secret: mustJSON(c.data()["secret"]), Expires: stampOf(c.data(), "expires")})
	return object{}, nil
}

func removeSecret(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.secrets.delete(c.params["name"])
	return object{}, nil
}

func getSecret(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row, ok := c.s.secrets.rows[c.params["name"]]
	if !ok || !row.Expires.After(c.now) {
		return nil, refuse("ResourceNotFound", "there is no such secret")
	}
	return object{"secret": row.Secret, "expires": row.Expires}, nil
}

func listSecrets(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	names := []string{}
	for _, name := range sortedKeys(c.s.secrets.rows) {
		if c.s.secrets.rows[name].Expires.After(c.now) {
			names = append(names, name)
		}
	}
	rows, token, err := page(c, names)
	return paged(object{"secrets": orEmpty(rows)}, token), err
}
