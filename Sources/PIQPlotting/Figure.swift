package import PIQPlatform

/// A page that can be written as a PNG file. The same figure gives the same bytes.
package protocol Figure {
  /// Draws the figure: the page, and the positions of the images on it.
  func render() throws(Failure) -> (canvas: Canvas, panels: [Rectangle])
}

extension Figure {
  /// Draws the figure and writes it to `path`, whole or not at all.
  ///
  /// - Throws: `Failure` when the file cannot be written or drawing fails; it names `path`.
  package func write(toPNG path: String) throws {
    try AtomicFile.write(try png(named: path), to: path)
  }

  /// Draws the figure and adds it to `file`, as a PNG file.
  ///
  /// - Throws: as `write(toPNG:)`.
  package func appendPNG(to file: GrowingFile) throws {
    try png(named: file.path).withUnsafeBytes { try file.append($0) }
  }

  private func png(named path: String) throws(Failure) -> [UInt8] {
    do {
      return try render().canvas.png()
    } catch {
      throw error.naming(path)
    }
  }
}
