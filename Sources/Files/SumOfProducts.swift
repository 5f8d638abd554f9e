/// The sum of the products, or nil when it overflows.
package func sumOfProducts(_ terms: [[Int]]) -> Int? {
  var sum = 0
  for term in terms {
    var product = 1
    for factor in term {
      let (value, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      product = value
    }
    let (value, overflow) = sum.addingReportingOverflow(product)
    if overflow { return nil }
    sum = value
  }
  return sum
}
