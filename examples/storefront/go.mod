module example.shop/storefront

go 1.26.0
